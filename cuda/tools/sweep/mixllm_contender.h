#pragma once

#include "captured_series.h"
#include "mixllm_weights.h"

// The kernels of this repository, with or without the quantization of x, which q, k and v, or gate and up, share, and
// with it the ordering of experts' slots.
class MixLlmContender : public Contender {
public:
    MixLlmContender(const std::string& name, const mixllm_cuda_device& device,
                    std::shared_ptr<const MixLlmWeights> weights, bool with_quantization);

    std::string name() const override { return label; }
    double weight_bytes() const override { return weights->bytes(); }
    void prepare(int64_t tokens) override;
    int series() const override { return series_of(weights->count()); }
    void launch() override { captured->launch(); }

private:
    void prepare_dense(int64_t tokens);
    void prepare_experts(int64_t tokens);

    std::string label;
    mixllm_cuda_device device;
    std::shared_ptr<const MixLlmWeights> weights;
    bool with_quantization;
    std::unique_ptr<DeviceArray<float>> x, y;
    std::unique_ptr<DeviceArray<uint8_t>> activations, workspace, route;
    std::unique_ptr<DeviceArray<int32_t>> ids;
    std::unique_ptr<CapturedSeries> captured;
};
