#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantize/grid.h"

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

    /// The weight that the integer of row `row` and input `input` stands for.
    float weight(size_t row, size_t input) const {
        const size_t group = row * group_count(inputs) + input / group_size;
        const int steps = static_cast<int>(q[row * inputs + input]) - static_cast<int>(zero[group]);
        return static_cast<float>(steps) * float_from_half(scale_half[group]);
    }
};

/// 8-bit rows of one weight before packing, every array row-major.
struct QuantizedRows8 {
    size_t rows;
    size_t inputs;
    std::vector<int8_t> q;            ///< [rows][inputs], -127..127
    std::vector<uint16_t> scale_half; ///< [rows][group_count(inputs)]

    QuantizedRows8(size_t row_count, size_t input_count)
        : rows(row_count), inputs(input_count), q(rows * inputs), scale_half(rows * group_count(inputs)) {}

    /// The weight that the integer of row `row` and input `input` stands for.
    float weight(size_t row, size_t input) const {
        const size_t group = row * group_count(inputs) + input / group_size;
        return static_cast<float>(q[row * inputs + input]) * float_from_half(scale_half[group]);
    }
};

/// A quantized linear weight, rows of each width in ascending order of output channel.
struct QuantizedLinear {
    QuantizedRows4 rows4;
    QuantizedRows8 rows8;
    std::vector<float> values; ///< `[rows][inputs]`, the weights the integers stand for

    /// Of as many rows of each width as `is_8bit` says, to be filled.
    QuantizedLinear(const std::vector<uint8_t>& is_8bit, size_t inputs)
        : rows4(is_8bit.size() - count_8bit(is_8bit), inputs), rows8(count_8bit(is_8bit), inputs),
          values(is_8bit.size() * inputs) {}

    /// Of each row of the weight, its row in `rows4` or `rows8`.
    static std::vector<size_t> positions(const std::vector<uint8_t>& is_8bit) {
        std::vector<size_t> position(is_8bit.size());
        size_t next[2] = {0, 0};
        for (size_t row = 0; row < is_8bit.size(); row++) {
            position[row] = next[is_8bit[row] != 0 ? 1 : 0]++;
        }
        return position;
    }

private:
    static size_t count_8bit(const std::vector<uint8_t>& is_8bit) {
        return static_cast<size_t>(
            std::count_if(is_8bit.begin(), is_8bit.end(), [](uint8_t flag) { return flag != 0; }));
    }
};

} // namespace mixllm
