#pragma once

#include <cstddef>

#include "ggml.h"

namespace mixllm {

/// Rows of a weight as they lie in the source file: row-major, little-endian, `type` F32, F16 or BF16.
struct SourceRows {
    const unsigned char* data;
    ggml_type type;
    size_t rows;
    size_t columns;

    size_t row_bytes() const { return columns * ggml_type_size(type); }

    /// Converts row `row` to floats, exactly.
    void load(size_t row, float* out) const;
};

/// The position of the first NaN or infinity among `count` floats, or `count` when all are finite.
size_t find_non_finite(const float* values, size_t count);

} // namespace mixllm
