#include "quantize/quantize_weight.h"

#include <limits>
#include <vector>

#include "common/native/workers.h"
#include "quantize/round_to_nearest.h"
#include "weights/source_rows.h"

namespace mixllm {

int64_t weight_error(const SourceRows& source, double* out, const Workers& workers) {
    FirstPosition first_non_finite;

    workers.for_each_block(source.rows, rows_per_block, [&](size_t begin, size_t end) {
        std::vector<float> weights(source.columns);
        QuantizedRows4 quantized(1, source.columns);
        for (size_t r = begin; r < end; r++) {
            source.load(r, weights.data());
            const size_t bad = find_non_finite(weights.data(), weights.size());
            if (bad != weights.size()) {
                first_non_finite.report(r * source.columns + bad);
                return;
            }
            if (!round_to_nearest(weights.data(), quantized, 0)) {
                out[r] = std::numeric_limits<double>::infinity();
                continue;
            }
            double error = 0.0;
            for (size_t k = 0; k < source.columns; k++) {
                const double difference = static_cast<double>(quantized.weight(0, k)) - static_cast<double>(weights[k]);
                error += difference * difference;
            }
            out[r] = error;
        }
    });

    return first_non_finite.get();
}

QuantizationReport quantize_weight(const SourceRows& source, const int32_t* rows, size_t rows4, const Packed4& packed4,
                                   const Packed8& packed8, const Workers& workers) {
    QuantizedRows4 quantized4(rows4, source.columns);
    QuantizedRows8 quantized8(source.rows - rows4, source.columns);
    FirstPosition first_non_finite;
    FirstPosition first_out_of_range;

    workers.for_each_block(source.rows, rows_per_block, [&](size_t begin, size_t end) {
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
