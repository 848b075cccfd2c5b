#pragma once

#include <stdint.h>
#include <string.h>

// The float32 of a binary16, subnormals, infinities and NaN included.
static inline float half_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t magnitude = half & 0x7FFF;
    uint32_t bits;
    float value;
    if (magnitude >= 0x0400) {
        const uint32_t exponent_bias = magnitude >= 0x7C00 ? 0x70000000u : 0x38000000u;
        bits = sign | ((magnitude << 13) + exponent_bias);
    } else {
        value = (float)magnitude * 0x1p-24f; // exact: a subnormal counts units of 2^-24
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}
