#pragma once

#include <cstdint>
#include <vector>

#include "gptq/clip_search.h"
#include "gptq/hessian_factor.h"
#include "gptq/row_chain.h"
#include "quantize/quantized_rows.h"

namespace mixllm {

/**
 * Quantizes a linear weight so that its outputs on the calibration inputs change least.
 *
 * @param weights `[rows][inputs]`, the rows to approximate
 * @param is_8bit one byte per row, nonzero for 8-bit
 * @param chains of all rows; none where rows are quantized by themselves
 * @throws ScaleRangeError when a group's range does not fit a half-precision scale
 */
QuantizedLinear gptq(const float* weights, const std::vector<uint8_t>& is_8bit, const HessianFactor& factor,
                     const std::vector<RowChain>& chains, const ClipSearch& search, const Workers& workers);

/**
 * Adds the ridge regression of residuals on a linear's inputs to its weights: `weights += strength * C (H + ridge)^-1`.
 *
 * @param weights `[rows][inputs]`
 * @param cross C, `[rows][inputs]`: residuals times inputs, summed over the calibration tokens
 * @param factor of the damped H of the same inputs
 */
void regress(float* weights, const float* cross, size_t rows, const HessianFactor& factor, float strength,
             const Workers& workers);

} // namespace mixllm
