#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantize/quantized_rows.h"

namespace mixllm {

/// Where the packed components of a weight's 4-bit rows go; sizes for N4 rows, K inputs, G groups.
struct Packed4 {
    uint8_t* weights; ///< [N4][K / 2]: within each 32 inputs, byte i is input i (low nibble) and i + 16 (high)
    uint16_t* scales; ///< [G][N4], halves
    uint8_t* zeros;   ///< [G][N4 / 2]: row 2i in the low, row 2i + 1 in the high nibble
};

/// Where the packed components of a weight's 8-bit rows go; sizes for N8 rows, K inputs, G groups.
struct Packed8 {
    int8_t* weights;  ///< [N8][K], two's complement
    uint16_t* scales; ///< [G][N8], halves
};

/// Where the packed components of one weight, or of one expert of a stack, go.
struct PackedWeight {
    std::vector<int32_t> rows; ///< output channel of each stored row, see `order_rows`
    size_t rows4;              ///< N4: how many of them have 4 bits
    Packed4 packed4;
    Packed8 packed8;

    size_t rows8() const { return rows.size() - rows4; } ///< N8
};

/// Packs 4-bit rows into the file's layout. `rows.rows` is even and `rows.inputs` a multiple of 32.
void pack_rows(const QuantizedRows4& rows, const Packed4& out);

/// Packs 8-bit rows into the file's layout.
void pack_rows(const QuantizedRows8& rows, const Packed8& out);

/**
 * The weights that part of a packed row stands for.
 *
 * @param rows N4 or N8
 * @param inputs K
 * @param row among those of its width
 * @param first its first column, a multiple of 32
 * @param count columns, a multiple of 32
 */
void unpack_row(const Packed4& packed, size_t rows, size_t inputs, size_t row, size_t first, size_t count, float* out);
void unpack_row(const Packed8& packed, size_t rows, size_t inputs, size_t row, size_t first, size_t count, float* out);

/**
 * The output feature of each stored row, 4-bit rows first, each part ascending.
 *
 * @param is_8bit one byte per output feature, nonzero for 8-bit
 * @param features N
 * @param rows N entries to fill
 * @return the number of 4-bit rows, N4
 */
size_t order_rows(const uint8_t* is_8bit, size_t features, int32_t* rows);

/**
 * The `mask` tensor: bit n % 8 of byte n / 8 is set where output feature n has 8 bits.
 *
 * @param is_8bit one byte per output feature, nonzero for 8-bit
 * @param features a multiple of 8
 * @param mask one byte per 8 features
 */
void pack_mask(const uint8_t* is_8bit, size_t features, uint8_t* mask);

} // namespace mixllm
