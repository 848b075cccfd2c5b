#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "grid.h"

namespace mixllm {

/**
 * 4-bit rows of one weight before packing, every array row-major.
 *
 * Any quantization method fills this; `pack/` turns it into the file's layout.
 */
struct QuantizedRows4 {
    size_t rows;
    size_t inputs;
    std::vector<uint8_t> q;           ///< [rows][inputs], 0..15
    std::vector<uint16_t> scale_half; ///< [rows][group_count(inputs)]
    std::vector<uint8_t> zero;        ///< [rows][group_count(inputs)], 0..15

    QuantizedRows4(size_t row_count, size_t input_count)
        : rows(row_count), inputs(input_count), q(rows * inputs), scale_half(rows * group_count(inputs)),
          zero(rows * group_count(inputs)) {}
};

/// 8-bit rows of one weight before packing, every array row-major.
struct QuantizedRows8 {
    size_t rows;
    size_t inputs;
    std::vector<int8_t> q;            ///< [rows][inputs], -127..127
    std::vector<uint16_t> scale_half; ///< [rows][group_count(inputs)]

    QuantizedRows8(size_t row_count, size_t input_count)
        : rows(row_count), inputs(input_count), q(rows * inputs), scale_half(rows * group_count(inputs)) {}
};

} // namespace mixllm
