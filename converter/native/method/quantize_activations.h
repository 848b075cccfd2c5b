#pragma once

#include <cstddef>

namespace mixllm {

/**
 * Replaces activations by what the 8-bit activations of a MixLLM linear stand for: symmetric int8 per token and group
 * of 128 features, the scale amax / 127 cut to 22 significant bits, integers rounded half to even.
 *
 * @param x `[tokens][features]`, changed in place
 */
void quantize_activations(float* x, size_t tokens, size_t features, int threads);

} // namespace mixllm
