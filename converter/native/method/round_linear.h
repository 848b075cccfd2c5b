#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantized_linear.h"

namespace mixllm {

/**
 * Rounds a linear weight to the nearest values of its groups' grids.
 *
 * @param weights `[rows][inputs]`
 * @param is_8bit one byte per row, nonzero for 8-bit
 * @throws std::runtime_error when a group's range does not fit a half-precision scale
 */
QuantizedLinear round_linear(const float* weights, const std::vector<uint8_t>& is_8bit, size_t inputs, int threads);

} // namespace mixllm
