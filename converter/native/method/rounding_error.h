#pragma once

#include <cstddef>

namespace mixllm {

/**
 * The change plain 4-bit rounding makes to each weight, `q4(W) - W`.
 *
 * @param weights `[rows][inputs]`
 * @param out `[rows][inputs]`
 * @throws std::runtime_error when a row's range does not fit a half-precision scale
 */
void rounding_error(const float* weights, size_t rows, size_t inputs, float* out, int threads);

} // namespace mixllm
