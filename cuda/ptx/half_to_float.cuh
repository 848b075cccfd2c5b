#pragma once

#include <stdint.h>

// The float32 of a binary16.
__device__ __forceinline__ float half_to_float(uint16_t half) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half));
    return value;
}
