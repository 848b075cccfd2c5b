#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

// 0x80 - z in each byte: what turns q into a byte without borrows, see subtract_zero.
__device__ __forceinline__ uint32_t zero_complement(int zero) {
    return 0x80808080u - (uint32_t)zero * 0x01010101u;
}

// q - z in two's complement in each byte, from q in 0..15: q + 0x80 - z lies in 0x71..0x8F, so no byte carries into the
// next, and flipping the top bit takes 0x80 off again. 3 instructions with the mask, where a byte-wise subtraction is
// emulated by more.
__device__ __forceinline__ uint32_t subtract_zero(uint32_t q, uint32_t complement) {
    return (q + complement) ^ 0x80808080u;
}
