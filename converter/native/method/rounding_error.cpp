#include "rounding_error.h"

#include <stdexcept>

#include "../quantize/half.h"
#include "../quantize/quantized_rows.h"
#include "../quantize/round_to_nearest.h"
#include "parallel.h"

namespace mixllm {

void rounding_error(const float* weights, size_t rows, size_t inputs, float* out, int threads) {
    parallel_blocks(threads, rows, 16, [&](size_t begin, size_t end) {
        QuantizedRows4 rounded(1, inputs);
        for (size_t row = begin; row < end; row++) {
            const float* source = weights + row * inputs;
            if (!round_to_nearest(source, rounded, 0)) {
                throw std::runtime_error("weights of this size do not fit half-precision scales");
            }
            for (size_t k = 0; k < inputs; k++) {
                const size_t group = k / group_size;
                const int q = static_cast<int>(rounded.q[k]) - static_cast<int>(rounded.zero[group]);
                out[row * inputs + k] = static_cast<float>(q) * float_from_half(rounded.scale_half[group]) - source[k];
            }
        }
    });
}

} // namespace mixllm
