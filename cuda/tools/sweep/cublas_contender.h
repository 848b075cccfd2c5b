#pragma once

#include "captured_series.h"
#include "contender.h"
#include "tests/device_array.h"

#include <cublas_v2.h>
#include <memory>
#include <vector>

// cuBLAS on binary16 weights, activations and results, summing in float32.
class CublasContender : public Contender {
public:
    CublasContender(const Shape& shape, size_t l2_bytes);
    ~CublasContender() override;

    std::string name() const override { return "cuBLAS F16"; }
    double weight_bytes() const override { return 2.0 * (double)shape.n * (double)shape.k; }
    double rate_against_int8() const override { return 0.5; }
    void prepare(int64_t tokens) override;
    int series() const override { return series_of((int)weights.size()); }
    void launch() override { captured->launch(); }

private:
    Shape shape;
    std::vector<std::unique_ptr<DeviceArray<uint16_t>>> weights;
    std::unique_ptr<DeviceArray<uint16_t>> x, y;
    DeviceArray<uint8_t> workspace;
    cublasHandle_t handle = nullptr;
    std::unique_ptr<CapturedSeries> captured;
};
