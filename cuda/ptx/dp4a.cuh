#pragma once

#include <stdint.h>

// c + the dot product of the four int8 of a and of b.
__device__ __forceinline__ int32_t dp4a(uint32_t a, uint32_t b, int32_t c) {
    int32_t d;
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}
