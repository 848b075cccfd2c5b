#pragma once

#include "contender.h"
#include "mixllm_cuda.h"
#include "tests/device_array.h"

#include <memory>
#include <vector>

// Copies of a MixLLM weight, or of a stack of experts, on the device, random but for its scales.
class MixLlmWeights {
public:
    // percent8: share of 8-bit output channels, rounded down to tiles of 16, the same in every expert.
    MixLlmWeights(const Shape& shape, int percent8, size_t l2_bytes);

    double bytes() const; // of one
    int count() const { return (int)copies.size(); }
    const Shape& shape() const { return of; }
    mixllm_cuda_weight weight(int i) const; // where there is one expert
    mixllm_cuda_experts experts(int i) const;

private:
    struct Copy {
        DeviceArray<uint8_t> w4, w4_zero;
        DeviceArray<int8_t> w8;
        DeviceArray<uint16_t> w4_scale, w8_scale;
        DeviceArray<int32_t> rows, offsets;
    };

    const Copy& copy(int i) const { return *copies[(size_t)(i % count())]; }

    Shape of;
    int64_t n4, n8; // of each expert
    std::vector<std::unique_ptr<Copy>> copies;
};
