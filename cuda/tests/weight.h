#pragma once

#include "mixllm_cuda.h"
#include "tests/device_array.h"

#include <memory>
#include <random>
#include <stdint.h>
#include <vector>

enum class RowOrder { ascending, shuffled };

// ordinary: random. limits: q and z at the ends of their ranges, scales subnormal and largest. unit: every scale 1, so
// that with activations of scale 1 every y is an exact integer.
enum class Values { ordinary, limits, unit };

// A weight as plain per-row values, from which the reference is computed, and packed on the device.
class Weight {
public:
    Weight(int64_t n_inputs, int64_t n4, int64_t n8, RowOrder order, Values values, std::mt19937& random);

    const int64_t n_inputs, n4, n8, groups;
    std::vector<int> q;          // [N][K], 4-bit rows first, 0..15 or -128..127
    std::vector<int> zero;       // [N][G], 0 in 8-bit rows
    std::vector<uint16_t> scale; // [N][G] binary16
    std::vector<int32_t> rows;   // [N]

    mixllm_cuda_weight on_device();

private:
    struct OnDevice;
    std::shared_ptr<OnDevice> uploaded;
};

// Its components but rows, as in a file.
struct PackedWeight {
    std::vector<uint8_t> w4, w4_zero;
    std::vector<int8_t> w8;
    std::vector<uint16_t> w4_scale, w8_scale;

    explicit PackedWeight(const Weight& weight);
};
