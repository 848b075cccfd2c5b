#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "common/native/workers.h"

namespace mixllm {

/// Many numbers that are 0 at first: in memory that the system gives as it is used, so that making them takes no time.
class ZeroedDoubles {
public:
    /// @throws std::bad_alloc
    explicit ZeroedDoubles(size_t count)
        : count_(count), values_(static_cast<double*>(std::calloc(count > 0 ? count : 1, sizeof(double)))) {
        if (!values_) {
            throw std::bad_alloc();
        }
    }

    ZeroedDoubles(const ZeroedDoubles& other) : ZeroedDoubles(other.count_) {
        std::copy_n(other.values_.get(), count_, values_.get());
    }
    ZeroedDoubles& operator=(const ZeroedDoubles&) = delete;

    size_t size() const { return count_; }
    double* data() { return values_.get(); }
    const double* data() const { return values_.get(); }
    const double* begin() const { return data(); }
    const double* end() const { return data() + count_; }

private:
    struct Free {
        void operator()(double* values) const { std::free(values); }
    };

    size_t count_;
    std::unique_ptr<double, Free> values_;
};

/// The lower triangle of a square matrix in float64, row after row: a symmetric or a triangular matrix at half price.
class Triangle {
public:
    explicit Triangle(size_t size) : size_(size), values_(size * (size + 1) / 2 + padding) {}

    size_t size() const { return size_; }

    /// Row `i`: elements 0..i.
    double* row(size_t i) { return values_.data() + i * (i + 1) / 2; }
    const double* row(size_t i) const { return values_.data() + i * (i + 1) / 2; }

    /// Element (i, k) of the symmetric matrix.
    double symmetric(size_t i, size_t k) const { return i >= k ? row(i)[k] : row(k)[i]; }

private:
    static constexpr size_t padding = 64; // lets register tiles read past the last row's end

    size_t size_;
    ZeroedDoubles values_;
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
