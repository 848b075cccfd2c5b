#include "quantize/rounding.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "quantize/grid.h"
#include "quantize/round_to_nearest.h"
#include "quantize/scale_range_error.h"

namespace mixllm {

QuantizedLinear round_linear(const float* weights, const std::vector<uint8_t>& is_8bit, size_t inputs,
                             const Workers& workers) {
    QuantizedLinear out(is_8bit, inputs);
    const std::vector<size_t> position = QuantizedLinear::positions(is_8bit);
    workers.for_each_block(is_8bit.size(), rows_per_block, [&](size_t begin, size_t end) {
        for (size_t row = begin; row < end; row++) {
            const size_t at = position[row];
            const bool wide = is_8bit[row] != 0;
            const bool fits = wide ? round_to_nearest(weights + row * inputs, out.rows8, at)
                                   : round_to_nearest(weights + row * inputs, out.rows4, at);
            if (!fits) {
                throw ScaleRangeError();
            }
            for (size_t k = 0; k < inputs; k++) {
                out.values[row * inputs + k] = wide ? out.rows8.weight(at, k) : out.rows4.weight(at, k);
            }
        }
    });
    return out;
}

void rounding_error(const float* weights, size_t inputs, float* out) {
    float largest = 0.0f;
    for (size_t k = 0; k < inputs; k++) {
        largest = std::max(largest, std::fabs(weights[k]));
    }
    // A power of two changes no digit of a scale that is a normal half; factors stay normal floats both ways.
    const int exponent = largest > 0.0f ? std::clamp(std::ilogb(largest), -126, 126) : 0;
    const float factor = std::ldexp(1.0f, -exponent);
    std::transform(weights, weights + inputs, out, [&](float weight) { return weight * factor; });
    QuantizedRows4 rounded(1, inputs);
    round_to_nearest(out, rounded, 0);
    for (size_t k = 0; k < inputs; k++) {
        out[k] = (rounded.weight(0, k) - out[k]) / factor;
    }
}

void quantize_activations(float* x, size_t tokens, size_t features, const Workers& workers) {
    workers.for_each_block(tokens, rows_per_block, [&](size_t begin, size_t end) {
        for (size_t token = begin; token < end; token++) {
            for (size_t first = 0; first < features; first += group_size) {
                float* group = x + token * features + first;
                const size_t count = std::min(group_size, features - first);
                float largest = 0.0f;
                for (size_t i = 0; i < count; i++) {
                    largest = std::max(largest, std::fabs(group[i]));
                }
                float scale = largest / 127.0f;
                uint32_t bits;
                std::memcpy(&bits, &scale, sizeof bits);
                bits &= 0xFFFFFFFCu;
                std::memcpy(&scale, &bits, sizeof bits);
                if (scale < 1.17549435e-38f) { // the smallest normal float
                    std::fill(group, group + count, 0.0f);
                    continue;
                }
                for (size_t i = 0; i < count; i++) {
                    group[i] = std::clamp(round_half_even(group[i] / scale), -127.0f, 127.0f) * scale;
                }
            }
        }
    });
}

} // namespace mixllm
