#include "tests/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

static double half_value(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    const double sign = (half & 0x8000) != 0 ? -1 : 1;
    return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

QuantizedInput quantize_reference(const std::vector<float>& x, int64_t x_stride, int64_t n_inputs, int64_t tokens) {
    const int64_t groups = (n_inputs + 127) / 128;
    QuantizedInput result;
    result.q.resize(tokens * n_inputs);
    result.scale.resize(tokens * groups);
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t g = 0; g < groups; g++) {
            const int64_t first = g * 128, last = std::min(n_inputs, first + 128);
            float amax = 0;
            bool finite = true;
            for (int64_t k = first; k < last; k++) {
                finite = finite && std::isfinite(x[t * x_stride + k]);
                amax = std::max(amax, std::fabs(x[t * x_stride + k]));
            }
            // Truncation to 22 significant bits, written without bit tricks.
            int exponent;
            const float fraction = std::frexp(amax / 127.0f, &exponent);
            float s = std::ldexp(std::floor(std::ldexp(fraction, 22)), exponent - 22);
            if (!finite) {
                s = std::numeric_limits<float>::quiet_NaN();
            } else if (s < std::numeric_limits<float>::min()) {
                s = 0;
            }
            result.scale[t * groups + g] = s;
            for (int64_t k = first; k < last; k++) {
                const float q = s > 0 ? std::nearbyint(x[t * x_stride + k] / s) : 0.0f;
                result.q[t * n_inputs + k] = (int)std::min(127.0f, std::max(-127.0f, q));
            }
        }
    }
    return result;
}

Reference multiply_reference(const Weight& w, const QuantizedInput& x, int64_t tokens, const SumOrder& order) {
    const int64_t n = w.n4 + w.n8;
    Reference r;
    r.y.assign(tokens * n, 0);
    r.y64.assign(tokens * n, 0);
    r.magnitude.assign(tokens * n, 0);
    std::vector<int64_t> dots(w.groups);
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t row = 0; row < n; row++) {
            const int64_t out = t * n + w.rows[row];
            for (int64_t g = 0; g < w.groups; g++) {
                const int64_t last = std::min(w.n_inputs, g * 128 + 128);
                int64_t dot = 0;
                for (int64_t k = g * 128; k < last; k++) {
                    dot += (int64_t)(w.q[row * w.n_inputs + k] - w.zero[row * w.groups + g]) * x.q[t * w.n_inputs + k];
                }
                dots[g] = dot;
                const double term = half_value(w.scale[row * w.groups + g]) * x.scale[t * w.groups + g] * (double)dot;
                r.y64[out] += term;
                r.magnitude[out] += std::fabs(term);
            }
            bool first = true;
            for (const std::vector<int>& part : order(row, t)) {
                float sum = 0;
                for (const int g : part) {
                    const float product = (float)dots[g] * x.scale[t * w.groups + g];
                    sum = std::fma(product, (float)half_value(w.scale[row * w.groups + g]), sum);
                }
                r.y[out] = first ? sum : r.y[out] + sum;
                first = false;
            }
        }
    }
    return r;
}
