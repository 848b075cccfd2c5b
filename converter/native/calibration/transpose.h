#pragma once

#include <algorithm>
#include <cstddef>

#include "common/native/workers.h"

namespace mixllm {

/// Writes the transpose of `in`, `[rows][columns]`, to `out`, `[columns][rows]`.
inline void transpose(const float* in, size_t rows, size_t columns, float* out, const Workers& workers) {
    constexpr size_t tile = 32;
    workers.for_each_block(columns, tile, [&](size_t begin, size_t end) {
        for (size_t row = 0; row < rows; row += tile) {
            for (size_t c = begin; c < end; c++) {
                for (size_t r = row; r < std::min(rows, row + tile); r++) {
                    out[c * rows + r] = in[r * columns + c];
                }
            }
        }
    });
}

} // namespace mixllm
