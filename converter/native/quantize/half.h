#pragma once

#include <cstdint>
#include <cstring>

namespace mixllm {

/// The IEEE binary16 number nearest to `value`, ties to even; overflows to infinity, keeps NaN a NaN.
inline uint16_t half_from_float(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    const uint32_t magnitude = bits & 0x7fffffffu;

    if (magnitude > 0x7f800000u) {
        return sign | 0x7e00u;
    }
    if (magnitude >= 0x477ff000u) { // 65520, halfway between the largest finite half and the next power of two
        return sign | 0x7c00u;
    }
    if (magnitude < 0x38800000u) { // below 2^-14 a half is subnormal, with a fixed step of 2^-24
        float absolute;
        std::memcpy(&absolute, &magnitude, sizeof absolute);
        // Adding 0.5 aligns the step to float's last mantissa bit, so that the addition itself rounds.
        const float aligned = absolute + 0.5f;
        uint32_t aligned_bits;
        std::memcpy(&aligned_bits, &aligned, sizeof aligned_bits);
        return sign | static_cast<uint16_t>(aligned_bits - 0x3f000000u);
    }
    const uint32_t odd = (magnitude >> 13) & 1u;
    const uint32_t rounded = magnitude + 0x0fffu + odd;
    return sign | static_cast<uint16_t>((rounded - 0x38000000u) >> 13);
}

/// The float equal to the IEEE binary16 number with these bits.
inline float float_from_half(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
    const uint32_t magnitude = half & 0x7fffu;
    uint32_t bits;
    if (magnitude >= 0x7c00u) {
        bits = 0x7f800000u | ((magnitude & 0x3ffu) << 13);
    } else if (magnitude >= 0x0400u) {
        bits = (magnitude << 13) + 0x38000000u;
    } else {
        const float value = static_cast<float>(magnitude) * 5.9604644775390625e-08f; // 2^-24
        std::memcpy(&bits, &value, sizeof bits);
    }
    bits |= sign;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

} // namespace mixllm
