#include "quantize_weight.h"

#include <vector>

#include "../threads/parallel_for.h"
#include "../weights/first_position.h"
#include "round_to_nearest.h"

namespace mixllm {

QuantizationReport quantize_weight(const SourceRows& source, const int32_t* rows, size_t rows4, const Packed4& packed4,
                                   const Packed8& packed8, size_t threads) {
    QuantizedRows4 quantized4(rows4, source.columns);
    QuantizedRows8 quantized8(source.rows - rows4, source.columns);
    FirstPosition first_non_finite;
    FirstPosition first_out_of_range;

    parallel_for(source.rows, threads, [&](size_t begin, size_t end) {
        std::vector<float> weights(source.columns);
        for (size_t stored = begin; stored < end; stored++) {
            const size_t feature = static_cast<size_t>(rows[stored]);
            source.load(feature, weights.data());
            const size_t bad = find_non_finite(weights.data(), weights.size());
            if (bad != weights.size()) {
                first_non_finite.report(feature * source.columns + bad);
                continue;
            }
            const bool fits = stored < rows4 ? round_to_nearest(weights.data(), quantized4, stored)
                                             : round_to_nearest(weights.data(), quantized8, stored - rows4);
            if (!fits) {
                first_out_of_range.report(feature);
            }
        }
    });

    if (rows4 > 0) {
        pack_rows(quantized4, packed4);
    }
    if (rows4 < source.rows) {
        pack_rows(quantized8, packed8);
    }
    return {first_non_finite.get(), first_out_of_range.get()};
}

} // namespace mixllm
