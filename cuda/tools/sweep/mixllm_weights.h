#pragma once

#include "contender.h"
#include "mixllm_cuda.h"
#include "tests/device_array.h"

#include <memory>
#include <vector>

// Copies of a MixLLM weight on the device, random but for its scales.
class MixLlmWeights {
public:
    // percent8: share of 8-bit output channels, rounded down to tiles of 16.
    MixLlmWeights(const Shape& shape, int percent8, size_t l2_bytes);

    double bytes() const; // of one
    int count() const { return (int)copies.size(); }
    const mixllm_cuda_weight& operator[](int i) const { return copies[(size_t)i]->view; }

private:
    struct Copy {
        DeviceArray<uint8_t> w4, w4_zero;
        DeviceArray<int8_t> w8;
        DeviceArray<uint16_t> w4_scale, w8_scale;
        DeviceArray<int32_t> rows;
        mixllm_cuda_weight view;
    };

    std::vector<std::unique_ptr<Copy>> copies;
};
