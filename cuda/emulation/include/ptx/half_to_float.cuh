// Stands in for cuda/ptx/half_to_float.cuh in the host emulation.

#pragma once

#include <cmath>
#include <limits>
#include <stdint.h>

inline float half_to_float(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    const float magnitude = exponent == 31  ? (fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                                                             : std::numeric_limits<float>::infinity())
                            : exponent == 0 ? std::ldexp((float)fraction, -24)
                                            : std::ldexp((float)(1024 + fraction), exponent - 25);
    return (half & 0x8000) != 0 ? -magnitude : magnitude;
}
