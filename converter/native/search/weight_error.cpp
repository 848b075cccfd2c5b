#include "weight_error.h"

#include <limits>
#include <vector>

#include "../quantize/round_to_nearest.h"
#include "../threads/parallel_for.h"
#include "../weights/first_position.h"

namespace mixllm {

int64_t weight_error(const SourceRows& source, double* out, size_t threads) {
    FirstPosition first_non_finite;

    parallel_for(source.rows, threads, [&](size_t begin, size_t end) {
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
                const size_t group = k / group_size;
                const int steps = static_cast<int>(quantized.q[k]) - static_cast<int>(quantized.zero[group]);
                const float weight = static_cast<float>(steps) * float_from_half(quantized.scale_half[group]);
                const double difference = static_cast<double>(weight) - static_cast<double>(weights[k]);
                error += difference * difference;
            }
            out[r] = error;
        }
    });

    return first_non_finite.get();
}

} // namespace mixllm
