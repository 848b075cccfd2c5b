#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/native/workers.h"
#include "quantize/quantized_rows.h"

namespace mixllm {

/**
 * Rounds a linear weight to the nearest values of its groups' grids.
 *
 * @param weights `[rows][inputs]`
 * @param is_8bit one byte per row, nonzero for 8-bit
 * @throws ScaleRangeError when a group's range does not fit a half-precision scale
 * @throws CanceledError
 */
QuantizedLinear round_linear(const float* weights, const std::vector<uint8_t>& is_8bit, size_t inputs,
                             const Workers& workers);

/**
 * The change plain 4-bit rounding makes to a row of weights, `q4(W) - W`, if its scales may be as small or large as
 * they have to: before they are rounded, weights can be brought into the range of halves (see `equalize_section`).
 *
 * @param weights `[inputs]`, finite
 * @param out `[inputs]`, perhaps the weights themselves
 */
void rounding_error(const float* weights, size_t inputs, float* out);

/**
 * Replaces activations by what the 8-bit activations of a MixLLM linear stand for: symmetric int8 per token and group
 * of 128 features, the scale amax / 127 cut to 22 significant bits, integers rounded half to even.
 *
 * @param x `[tokens][features]`, changed in place
 * @throws CanceledError, `x` then partly changed
 */
void quantize_activations(float* x, size_t tokens, size_t features, const Workers& workers);

} // namespace mixllm
