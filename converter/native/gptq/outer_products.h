#pragma once

#include <cstddef>

namespace mixllm {

#if defined(__AVX512F__)
constexpr size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr size_t vector_bytes = 32;
#else
constexpr size_t vector_bytes = 16;
#endif

/**
 * The register tile every dense loop of the method is made of: a sum of outer products.
 *
 * `rows` x `columns` accumulators, two vectors wide: with 8 rows AVX-512 holds them in 16 of its 32 registers, with 4
 * rows AVX2 in 8 of its 16, which also covers the latency of its fused multiply-adds.
 */
template <typename T>
struct OuterTile {
    static constexpr size_t rows = vector_bytes == 64 ? 8 : 4;
    static constexpr size_t columns = 2 * vector_bytes / sizeof(T);

#if defined(__GNUC__)
    typedef T Vector __attribute__((vector_size(vector_bytes), aligned(alignof(T)), may_alias));

    /// sum[r][c] += sign * sum over d of a[d * a_step + r * a_row] * b[d * b_step + c]; `sum` has rows `sum_step`
    /// apart.
    static void accumulate(size_t depth, const T* a, size_t a_step, const T* b, size_t b_step, T sign, T* sum,
                           size_t sum_step, size_t a_row = 1) {
        constexpr size_t half = columns / 2;
        Vector left[rows] = {};
        Vector right[rows] = {};
        for (size_t d = 0; d < depth; d++) {
            const Vector b_left = *reinterpret_cast<const Vector*>(b + d * b_step);
            const Vector b_right = *reinterpret_cast<const Vector*>(b + d * b_step + half);
#    pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++) {
                left[r] += a[d * a_step + r * a_row] * b_left;
                right[r] += a[d * a_step + r * a_row] * b_right;
            }
        }
#    pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            *reinterpret_cast<Vector*>(sum + r * sum_step) += sign * left[r];
            *reinterpret_cast<Vector*>(sum + r * sum_step + half) += sign * right[r];
        }
    }
#else
    static void accumulate(size_t depth, const T* a, size_t a_step, const T* b, size_t b_step, T sign, T* sum,
                           size_t sum_step, size_t a_row = 1) {
        T part[rows][columns] = {};
        for (size_t d = 0; d < depth; d++) {
            for (size_t r = 0; r < rows; r++) {
                for (size_t c = 0; c < columns; c++) {
                    part[r][c] += a[d * a_step + r * a_row] * b[d * b_step + c];
                }
            }
        }
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < columns; c++) {
                sum[r * sum_step + c] += sign * part[r][c];
            }
        }
    }
#endif
};

} // namespace mixllm
