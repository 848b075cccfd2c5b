#pragma once

#include <stdint.h>

// D = A B + C on one warp: A [16][32] int8, B [32][8] int8, C and D [16][8] int32. With g = lane / 4 and t = lane % 4:
//
//     a[0] row g,     k 4t..4t+3      a[2] row g,     k 16+4t..16+4t+3
//     a[1] row g + 8, k 4t..4t+3      a[3] row g + 8, k 16+4t..16+4t+3
//     b[0] column g,  k 4t..4t+3      b[1] column g,  k 16+4t..16+4t+3
//     c[0], c[1] row g, columns 2t and 2t + 1         c[2], c[3] the same of row g + 8
//
// PTX ISA, "Matrix Fragments for mma.m16n8k32". CUTLASS has the same in cute/atom/mma_traits_sm80.hpp,
// SM80_16x8x32_S32S8S8S32_TN.
__device__ __forceinline__ void mma_m16n8k32(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                             const int32_t (&c)[4]) {
    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%10, %11, %12, %13};"
        : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
}
