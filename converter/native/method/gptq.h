#pragma once

#include <cstdint>
#include <vector>

#include "hessian_factor.h"
#include "quantized_linear.h"

namespace mixllm {

/// What `gptq` may do beyond rounding with error feedback.
struct GptqOptions {
    std::vector<float> clip_ratios; ///< shares of a group's range to try as the range of its grid
};

/**
 * Quantizes a linear weight so that its outputs on the calibration inputs change least.
 *
 * @param weights `[rows][inputs]`, the rows to approximate
 * @param is_8bit one byte per row, nonzero for 8-bit
 * @throws std::runtime_error when a group's range does not fit a half-precision scale
 */
QuantizedLinear gptq(const float* weights, const std::vector<uint8_t>& is_8bit, const HessianFactor& factor,
                     const GptqOptions& options, int threads);

} // namespace mixllm
