#include "quantize/pack_rows.h"

#include <cstring>

namespace mixllm {

namespace {

/// Row-major [rows][groups] to group-major [groups][rows].
void transpose(const uint16_t* in, size_t rows, size_t groups, uint16_t* out) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t group = 0; group < groups; group++) {
            out[group * rows + row] = in[row * groups + group];
        }
    }
}

} // namespace

void pack_rows(const QuantizedRows4& rows, const Packed4& out) {
    for (size_t block = 0; block < rows.rows * rows.inputs / 32; block++) {
        const uint8_t* q = rows.q.data() + block * 32;
        for (size_t i = 0; i < 16; i++) {
            out.weights[block * 16 + i] = static_cast<uint8_t>(q[i] | q[i + 16] << 4);
        }
    }

    const size_t groups = group_count(rows.inputs);
    transpose(rows.scale_half.data(), rows.rows, groups, out.scales);
    for (size_t group = 0; group < groups; group++) {
        for (size_t pair = 0; pair < rows.rows / 2; pair++) {
            const uint8_t low = rows.zero[(2 * pair) * groups + group];
            const uint8_t high = rows.zero[(2 * pair + 1) * groups + group];
            out.zeros[group * (rows.rows / 2) + pair] = static_cast<uint8_t>(low | high << 4);
        }
    }
}

void pack_rows(const QuantizedRows8& rows, const Packed8& out) {
    std::memcpy(out.weights, rows.q.data(), rows.q.size());
    transpose(rows.scale_half.data(), rows.rows, group_count(rows.inputs), out.scales);
}

void unpack_row(const Packed4& packed, size_t rows, size_t inputs, size_t row, size_t first, size_t count, float* out) {
    for (size_t k = first; k < first + count; k += 32) {
        const size_t group = k / group_size;
        const float scale = float_from_half(packed.scales[group * rows + row]);
        const uint8_t zeros = packed.zeros[group * (rows / 2) + row / 2];
        const int zero = row % 2 == 0 ? zeros & 15 : zeros >> 4;
        const uint8_t* q = packed.weights + (row * inputs + k) / 2;
        for (size_t i = 0; i < 16; i++) {
            out[k - first + i] = static_cast<float>((q[i] & 15) - zero) * scale;
            out[k - first + i + 16] = static_cast<float>((q[i] >> 4) - zero) * scale;
        }
    }
}

void unpack_row(const Packed8& packed, size_t rows, size_t inputs, size_t row, size_t first, size_t count, float* out) {
    for (size_t k = first; k < first + count; k++) {
        const float scale = float_from_half(packed.scales[k / group_size * rows + row]);
        out[k - first] = static_cast<float>(packed.weights[row * inputs + k]) * scale;
    }
}

size_t order_rows(const uint8_t* is_8bit, size_t features, int32_t* rows) {
    size_t stored = 0;
    for (size_t feature = 0; feature < features; feature++) {
        if (is_8bit[feature] == 0) {
            rows[stored++] = static_cast<int32_t>(feature);
        }
    }
    const size_t rows4 = stored;
    for (size_t feature = 0; feature < features; feature++) {
        if (is_8bit[feature] != 0) {
            rows[stored++] = static_cast<int32_t>(feature);
        }
    }
    return rows4;
}

void pack_mask(const uint8_t* is_8bit, size_t features, uint8_t* mask) {
    for (size_t byte = 0; byte < features / 8; byte++) {
        mask[byte] = 0;
        for (size_t bit = 0; bit < 8; bit++) {
            mask[byte] = static_cast<uint8_t>(mask[byte] | (is_8bit[8 * byte + bit] != 0) << bit);
        }
    }
}

} // namespace mixllm
