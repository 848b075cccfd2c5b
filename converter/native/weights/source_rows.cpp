#include "weights/source_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

namespace mixllm {

void SourceRows::load(size_t row, float* out) const {
    load(row, 0, columns, out);
}

void SourceRows::load(size_t row, size_t first, size_t count, float* out) const {
    const unsigned char* in = data + row * row_bytes() + ggml_row_size(type, static_cast<int64_t>(first));
    switch (type) {
    case GGML_TYPE_F16:
        ggml_fp16_to_fp32_row(reinterpret_cast<const ggml_fp16_t*>(in), out, static_cast<int64_t>(count));
        break;
    case GGML_TYPE_BF16:
        ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t*>(in), out, static_cast<int64_t>(count));
        break;
    case GGML_TYPE_MXFP4:
        ggml_get_type_traits(type)->to_float(in, out, static_cast<int64_t>(count));
        break;
    default:
        std::memcpy(out, in, count * sizeof(float));
    }
    scale(row, first, count, out);
}

void SourceRows::scale(size_t row, size_t first, size_t count, float* values) const {
    if (row_factors != nullptr) {
        std::transform(values, values + count, values,
                       [factor = row_factors[row]](float value) { return value * factor; });
    }
    if (const float* factors = column_factors_of(row)) {
        std::transform(values, values + count, factors + first, values, std::multiplies<float>());
    }
}

void SourceRows::load(float* out, const Workers& workers) const {
    workers.for_each(rows, [&](size_t row) { load(row, out + row * columns); });
}

size_t find_non_finite(const float* values, size_t count) {
    // One branch-free pass, which vectorizes, settles nearly every row.
    uint32_t any = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        std::memcpy(&bits, &values[i], sizeof bits);
        any |= (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
    }
    if (any == 0) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        if (!std::isfinite(values[i])) {
            return i;
        }
    }
    return count;
}

int64_t find_non_finite(const SourceRows& source, const Workers& workers) {
    FirstPosition first;
    workers.for_each_block(source.rows, rows_per_block, [&](size_t begin, size_t end) {
        std::vector<float> row(source.columns);
        for (size_t r = begin; r < end; r++) {
            source.load(r, row.data());
            const size_t at = find_non_finite(row.data(), row.size());
            if (at < row.size()) {
                first.report(r * source.columns + at);
                return;
            }
        }
    });
    return first.get();
}

} // namespace mixllm
