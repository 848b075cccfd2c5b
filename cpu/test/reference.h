// Weights made of plain integers, and the definition in mixllm_cpu.h computed from those, for the tests.

#pragma once

#include "mixllm_cpu.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

inline double half_value(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    const double sign = half & 0x8000 ? -1 : 1;
    if (exponent == 31) {
        return fraction ? std::nan("") : sign * std::numeric_limits<double>::infinity();
    }
    return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

// A weight with its storage; components are made from plain per-row values so that the reference never unpacks.
struct Weight {
    int64_t n_inputs, n4, n8, groups;
    std::vector<int> q;          // [N][K], 4-bit rows first, 0..15 or -128..127
    std::vector<int> zero;       // [N][G], 0 in 8-bit rows
    std::vector<uint16_t> scale; // [N][G]
    std::vector<uint8_t> w4, w4_zero;
    std::vector<int8_t> w8;
    std::vector<uint16_t> w4_scale, w8_scale;
    std::vector<int32_t> rows;

    void pack() {
        w4.assign(n4 * n_inputs / 2, 0);
        w4_zero.assign(groups * n4 / 2, 0);
        w4_scale.resize(groups * n4);
        w8.resize(n8 * n_inputs);
        w8_scale.resize(groups * n8);
        for (int64_t n = 0; n < n4 + n8; n++) {
            for (int64_t k = 0; k < n_inputs; k++) {
                const int value = q[n * n_inputs + k];
                if (n >= n4) {
                    w8[(n - n4) * n_inputs + k] = (int8_t)value;
                } else {
                    w4[n * (n_inputs / 2) + k / 32 * 16 + k % 16] |= value << (k % 32 < 16 ? 0 : 4);
                }
            }
            for (int64_t g = 0; g < groups; g++) {
                if (n >= n4) {
                    w8_scale[g * n8 + n - n4] = scale[n * groups + g];
                } else {
                    w4_scale[g * n4 + n] = scale[n * groups + g];
                    w4_zero[g * (n4 / 2) + n / 2] |= zero[n * groups + g] << (n % 2 * 4);
                }
            }
        }
    }
};

enum class Rows { ascending, shuffled };
enum class Values { ordinary, limits, unit };

// `limits` puts q and z at the ends of their ranges and scales at subnormal and largest; `unit` has every scale 1.
inline Weight make_weight(int64_t n_inputs, int64_t n4, int64_t n8, Rows order, Values values, std::mt19937& random) {
    Weight w;
    w.n_inputs = n_inputs;
    w.n4 = n4;
    w.n8 = n8;
    w.groups = (n_inputs + 127) / 128;
    const int64_t n = n4 + n8;
    w.q.resize(n * n_inputs);
    w.zero.resize(n * w.groups);
    w.scale.resize(n * w.groups);
    for (int64_t i = 0; i < n * n_inputs; i++) {
        const bool is4 = i / n_inputs < n4;
        const uint32_t r = random();
        if (values == Values::limits) {
            w.q[i] = is4 ? (i / n_inputs % 3 == 0 ? 15 : r % 2 * 15)
                         : (i / n_inputs % 3 == 0 ? -128
                            : r % 2               ? 127
                                                  : -127);
        } else {
            w.q[i] = is4 ? (int)(r % 16) : (int)(r % 255) - 127;
        }
    }
    static const uint16_t extreme[] = {0x0000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00, 0x8001};
    for (int64_t i = 0; i < n * w.groups; i++) {
        const uint32_t r = random();
        w.zero[i] = i / w.groups >= n4 ? 0 : values == Values::limits ? (int)(r % 2 * 15) : (int)(r % 16);
        w.scale[i] = values == Values::unit     ? 0x3C00
                     : values == Values::limits ? extreme[r >> 8 & 7]
                                                : (uint16_t)(0x1800 + (r >> 8) % 0x0C00);
    }
    w.rows.resize(n);
    std::iota(w.rows.begin(), w.rows.end(), 0);
    std::shuffle(w.rows.begin(), w.rows.end(), random);
    if (order == Rows::ascending) {
        std::sort(w.rows.begin(), w.rows.begin() + n4);
        std::sort(w.rows.begin() + n4, w.rows.end());
    }
    w.pack();
    return w;
}

// The definition, and the same product in float64 with the sum of its terms' magnitudes.
struct Reference {
    std::vector<float> y;
    std::vector<double> y64, magnitude;
};

inline Reference reference(const Weight& w, const std::vector<float>& x, int64_t x_stride, int64_t tokens) {
    const int64_t n = w.n4 + w.n8;
    Reference r;
    r.y.assign(tokens * n, 0);
    r.y64.assign(tokens * n, 0);
    r.magnitude.assign(tokens * n, 0);
    std::vector<int> x_q(w.n_inputs);
    std::vector<float> s_x(w.groups);
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t g = 0; g < w.groups; g++) {
            const int64_t first = g * 128, last = std::min(w.n_inputs, first + 128);
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
            s_x[g] = s;
            for (int64_t k = first; k < last; k++) {
                const float q = s > 0 ? std::nearbyint(x[t * x_stride + k] / s) : 0.0f;
                x_q[k] = (int)std::min(127.0f, std::max(-127.0f, q));
            }
        }
        for (int64_t row = 0; row < n; row++) {
            const int64_t out = t * n + w.rows[row];
            for (int64_t g = 0; g < w.groups; g++) {
                int64_t dot = 0;
                for (int64_t k = g * 128; k < std::min(w.n_inputs, g * 128 + 128); k++) {
                    dot += (int64_t)(w.q[row * w.n_inputs + k] - w.zero[row * w.groups + g]) * x_q[k];
                }
                const double s_w = half_value(w.scale[row * w.groups + g]);
                const float part = (float)dot * s_x[g];
                r.y[out] = std::fma(part, (float)s_w, r.y[out]);
                r.y64[out] += s_w * s_x[g] * (double)dot;
                r.magnitude[out] += std::fabs(s_w * s_x[g] * (double)dot);
            }
        }
    }
    return r;
}

inline uint32_t bits_of(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline bool same(float a, float b) {
    return (std::isnan(a) && std::isnan(b)) || bits_of(a) == bits_of(b);
}
