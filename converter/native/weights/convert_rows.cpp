#include "weights/convert_rows.h"

#include <atomic>
#include <cmath>
#include <vector>

#include "common/native/workers.h"

namespace mixllm {

namespace {

/// Half of the last step above 65504: from here on a value rounds to a half's infinity.
constexpr float half_overflow = 65520.0f;

size_t count_overflow(const float* values, size_t count) {
    size_t overflowed = 0;
    for (size_t i = 0; i < count; i++) {
        overflowed += std::fabs(values[i]) >= half_overflow ? 1 : 0;
    }
    return overflowed;
}

} // namespace

ConversionReport convert_rows(const SourceRows& source, ggml_type type, unsigned char* out, const Workers& workers) {
    const size_t out_row_bytes = ggml_row_size(type, static_cast<int64_t>(source.columns));
    FirstPosition first_non_finite;
    std::atomic<size_t> overflowed{0};

    // Some types build lookup tables on first use; once here rather than in every thread.
    ggml_quantize_init(type);

    workers.for_each_block(source.rows, rows_per_block, [&](size_t begin, size_t end) {
        std::vector<float> row(source.columns);
        for (size_t r = begin; r < end; r++) {
            source.load(r, row.data());
            const size_t bad = find_non_finite(row.data(), row.size());
            if (bad != row.size()) {
                first_non_finite.report(r * source.columns + bad);
                return;
            }
            if (type == GGML_TYPE_F16) {
                overflowed += count_overflow(row.data(), row.size());
            }
            ggml_quantize_chunk(type, row.data(), out + r * out_row_bytes, 0, 1, static_cast<int64_t>(source.columns),
                                nullptr);
        }
    });

    return {first_non_finite.get(), overflowed.load()};
}

} // namespace mixllm
