#pragma once

#include "tests/weight.h"

#include <functional>
#include <stdint.h>
#include <vector>

// Activations by the definition.
struct QuantizedInput {
    std::vector<int> q;       // [tokens][K]
    std::vector<float> scale; // [tokens][G]
};

// x: [tokens] rows of n_inputs floats, x_stride apart.
QuantizedInput quantize_reference(const std::vector<float>& x, int64_t x_stride, int64_t n_inputs, int64_t tokens);

// In which order a kernel adds up the groups of stored row `row` of token `token`: partial sums, each over its groups
// in the order given, added up in the order given.
using SumOrder = std::function<std::vector<std::vector<int>>(int64_t row, int64_t token)>;

struct Reference {
    std::vector<float> y;          // [tokens][N] by the definition, bit for bit, in that order
    std::vector<double> y64;       // [tokens][N] the same product in float64
    std::vector<double> magnitude; // [tokens][N] sum of its terms' magnitudes
};

Reference multiply_reference(const Weight& weight, const QuantizedInput& x, int64_t tokens, const SumOrder& order);
