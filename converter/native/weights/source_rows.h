#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <ggml.h>

#include "common/native/workers.h"

namespace mixllm {

/// Rows of a weight as they lie in the source file: row-major, little-endian, `type` F32, F16, BF16 or MXFP4. MXFP4 is
/// what the experts of gpt-oss were trained in; BF16 holds each of its values.
struct SourceRows {
    const unsigned char* data = nullptr; ///< null for a weight that the model does not have
    ggml_type type = GGML_TYPE_F32;
    size_t rows = 1;    ///< output channels of a linear; 1 for a vector
    size_t columns = 0; ///< inputs of a linear, or the length of a vector

    /// What values are multiplied with as they are loaded, of columns `[blocks][columns]`, as many rows to each block,
    /// and `[rows]`; null for 1. See `equalize_section`.
    const float* column_factors = nullptr;
    size_t column_factor_blocks = 1; ///< a divisor of `rows`
    const float* row_factors = nullptr;

    size_t count() const { return rows * columns; }
    size_t row_bytes() const { return ggml_row_size(type, static_cast<int64_t>(columns)); }

    /// Rows `first` to `first + count`, of one block of column factors.
    SourceRows part(size_t first, size_t count) const {
        return {data + first * row_bytes(),
                type,
                count,
                columns,
                column_factors_of(first),
                1,
                row_factors == nullptr ? nullptr : row_factors + first};
    }

    /// What columns of a row are multiplied with; null for 1.
    const float* column_factors_of(size_t row) const {
        return column_factors == nullptr ? nullptr : column_factors + row / (rows / column_factor_blocks) * columns;
    }

    /// The same rows without factors.
    SourceRows unscaled() const { return {data, type, rows, columns}; }

    /// Multiplies values of row `row` from column `first` on with their factors.
    void scale(size_t row, size_t first, size_t count, float* values) const;

    /// Converts row `row` to floats, exactly, and multiplies them with their factors.
    void load(size_t row, float* out) const;

    /// Converts `count` columns of row `row` from column `first` on; of MXFP4 multiples of 32.
    void load(size_t row, size_t first, size_t count, float* out) const;

    /// Converts all rows, `[rows][columns]`.
    void load(float* out, const Workers& workers) const;
};

/// The position of the first NaN or infinity among `count` floats, or `count` when all are finite.
size_t find_non_finite(const float* values, size_t count);

/// Row-major position of the first NaN or infinity, or -1.
int64_t find_non_finite(const SourceRows& source, const Workers& workers);

/// The smallest position any thread reported.
class FirstPosition {
public:
    void report(size_t position) {
        size_t seen = smallest_.load();
        while (position < seen && !smallest_.compare_exchange_weak(seen, position)) {
        }
    }

    /// The smallest position, or -1 when none was reported.
    int64_t get() const { return smallest_.load() == nowhere ? -1 : static_cast<int64_t>(smallest_.load()); }

private:
    static constexpr size_t nowhere = std::numeric_limits<size_t>::max();
    std::atomic<size_t> smallest_{nowhere};
};

} // namespace mixllm
