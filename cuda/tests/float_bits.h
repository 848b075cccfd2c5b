#pragma once

#include <cmath>
#include <cstring>
#include <stdint.h>

inline uint32_t float_bits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The same float to the last bit, where any NaN equals any other.
inline bool same_float(float a, float b) {
    return (std::isnan(a) && std::isnan(b)) || float_bits(a) == float_bits(b);
}
