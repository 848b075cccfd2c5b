#pragma once

#include <cstddef>
#include <vector>

#include "common/native/workers.h"

namespace mixllm {

/// The lower triangle of a square matrix in float64, row after row: a symmetric or a triangular matrix at half price.
class Triangle {
public:
    explicit Triangle(size_t size) : size_(size), values_(size * (size + 1) / 2 + padding, 0.0) {}

    size_t size() const { return size_; }

    /// Row `i`: elements 0..i.
    double* row(size_t i) { return values_.data() + i * (i + 1) / 2; }
    const double* row(size_t i) const { return values_.data() + i * (i + 1) / 2; }

    /// Element (i, k) of the symmetric matrix.
    double symmetric(size_t i, size_t k) const { return i >= k ? row(i)[k] : row(k)[i]; }

private:
    static constexpr size_t padding = 64; // lets register tiles read past the last row's end

    size_t size_;
    std::vector<double> values_;
};

/**
 * Replaces a symmetric matrix A by the lower triangular R with A = R^T R, from its last row to its first.
 *
 * R^T is the upper factor of A = U U^T; running backwards is what makes the factor of A itself, not of its inverse,
 * serve the error feedback.
 *
 * @return false when a pivot is not a positive number; `matrix` is then spoilt
 */
bool factorize(Triangle& matrix, const Workers& workers);

} // namespace mixllm
