// Plain C++: runs anywhere, and is what every other path is measured against for speed.

#include "half_to_float.h"
#include "kernel_set.h"

#include <cmath>
#include <limits>

static bool runs_here() {
    return true;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void quantize_group(const float* x, int64_t n, int8_t* natural, int8_t* split, float* scale, int32_t* sum) {
    uint32_t amax_bits = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = float_bits(x[i]) & 0x7FFFFFFF;
        amax_bits = bits > amax_bits ? bits : amax_bits;
    }
    float amax;
    memcpy(&amax, &amax_bits, sizeof amax);
    const uint32_t scale_bits = float_bits(amax / 127.0f) & 0xFFFFFFFC;
    float s;
    memcpy(&s, &scale_bits, sizeof s);
    const bool finite = amax_bits < 0x7F800000;
    const bool usable = finite && scale_bits >= 0x00800000;
    int32_t total = 0;
    for (int i = 0; i < MIXLLM_GROUP_SIZE; i++) {
        int32_t q = 0;
        if (usable && i < n) {
            // Adding 1.5 * 2^23 rounds half to even and leaves the integer in the low bits.
            q = (int32_t)(float_bits(x[i] / s + 12582912.0f) - 0x4B400000);
            q = q > 127 ? 127 : q < -127 ? -127 : q;
        }
        total += q;
        natural[i] = (int8_t)q;
        split[i / 32 * 16 + i % 16 + (i % 32 < 16 ? 0 : 64)] = (int8_t)q;
    }
    *scale = usable ? s : finite ? 0.0f : std::numeric_limits<float>::quiet_NaN();
    *sum = total;
}

static void rows4(const mixllm_weight& w, const Activations& a, int64_t tokens, float* y, int64_t y_stride,
                  int64_t row) {
    const uint8_t* packed = w.w4 + row * (w.n_inputs / 2);
    for (int64_t t = 0; t < tokens; t++) {
        float acc = 0;
        for (int64_t g = 0; g < a.groups; g++) {
            const int64_t cell = t * a.groups + g;
            const int64_t left = (w.n_inputs - g * MIXLLM_GROUP_SIZE) / 2;
            const int64_t bytes = left < MIXLLM_GROUP_SIZE / 2 ? left : MIXLLM_GROUP_SIZE / 2;
            const int8_t* x = a.split + cell * MIXLLM_GROUP_SIZE;
            const uint8_t* q = packed + g * (MIXLLM_GROUP_SIZE / 2);
            int32_t dot = 0;
            for (int64_t i = 0; i < bytes; i++) {
                dot += (q[i] & 15) * x[i] + (q[i] >> 4) * x[i + 64];
            }
            const int32_t zero = w.w4_zero[(g * w.n4 + row) / 2] >> (row & 1) * 4 & 15;
            const float part = (float)(dot - zero * a.sum[cell]) * a.scale[cell];
            acc = std::fma(part, half_to_float(w.w4_scale[g * w.n4 + row]), acc);
        }
        y[t * y_stride + w.rows[row]] = acc;
    }
}

static void rows8(const mixllm_weight& w, const Activations& a, int64_t tokens, float* y, int64_t y_stride,
                  int64_t row) {
    for (int64_t t = 0; t < tokens; t++) {
        float acc = 0;
        for (int64_t g = 0; g < a.groups; g++) {
            const int64_t cell = t * a.groups + g;
            const int64_t left = w.n_inputs - g * MIXLLM_GROUP_SIZE;
            const int64_t n = left < MIXLLM_GROUP_SIZE ? left : MIXLLM_GROUP_SIZE;
            const int8_t* x = a.natural + cell * MIXLLM_GROUP_SIZE;
            const int8_t* q = w.w8 + row * w.n_inputs + g * MIXLLM_GROUP_SIZE;
            int32_t dot = 0;
            for (int64_t i = 0; i < n; i++) {
                dot += q[i] * x[i];
            }
            const float part = (float)dot * a.scale[cell];
            acc = std::fma(part, half_to_float(w.w8_scale[g * w.n8 + row]), acc);
        }
        y[t * y_stride + w.rows[w.n4 + row]] = acc;
    }
}

static void mul_mat(const mixllm_weight& weight, const Activations& activations, int64_t tokens, float* y,
                    int64_t y_stride, const Share& share) {
    for (int64_t row = share.first4 * MIXLLM_TILE_ROWS; row < share.last4 * MIXLLM_TILE_ROWS; row++) {
        rows4(weight, activations, tokens, y, y_stride, row);
    }
    for (int64_t row = share.first8 * MIXLLM_TILE_ROWS; row < share.last8 * MIXLLM_TILE_ROWS; row++) {
        rows8(weight, activations, tokens, y, y_stride, row);
    }
}

extern const KernelSet kernels_portable;
const KernelSet kernels_portable = {"portable", runs_here, quantize_group, mul_mat};
