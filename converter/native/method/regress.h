#pragma once

#include <cstddef>

#include "hessian_factor.h"

namespace mixllm {

/**
 * Adds the ridge regression of residuals on a linear's inputs to its weights: `weights += strength * C (H + ridge)^-1`.
 *
 * @param weights `[rows][inputs]`
 * @param cross C, `[rows][inputs]`: residuals times inputs, summed over the calibration tokens
 * @param factor of the damped H of the same inputs
 */
void regress(float* weights, const float* cross, size_t rows, const HessianFactor& factor, float strength, int threads);

} // namespace mixllm
