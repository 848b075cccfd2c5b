#pragma once

#include "triangle.h"

namespace mixllm {

/**
 * Replaces a symmetric matrix A by the lower triangular R with A = R^T R, from its last row to its first.
 *
 * R^T is the upper factor of A = U U^T; running backwards is what makes the factor of A itself, not of its inverse,
 * serve the error feedback.
 *
 * @return false when a pivot is not a positive number; `matrix` is then spoilt
 */
bool factorize(Triangle& matrix, int threads);

} // namespace mixllm
