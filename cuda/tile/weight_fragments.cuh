#pragma once

#include "memory/shared.cuh"
#include "ptx/ldmatrix.cuh"
#include "tile/subtract_zero.cuh"
#include "tile/swizzle.cuh"

// One group of 16 rows as the A operands of four mma.m16n8k32: fragment[k][r] is register r of step k, inputs
// 32k..32k+31.
using WeightFragments = uint32_t[4][4];

// rows: 16 rows of a stage's tile, the first one's number a multiple of 8. zero: of rows lane / 4 and lane / 4 + 8.
__device__ __forceinline__ void load_fragments4(WeightFragments& fragments, Shared<const uint8_t> rows,
                                                const int (&zero)[2]) {
    const int lane = (int)threadIdx.x % 32;
    const int at = swizzled<64>(lane % 16, lane / 16);
    const uint32_t complement[2] = {zero_complement(zero[0]), zero_complement(zero[1])};
#pragma unroll
    for (int k = 0; k < 4; k += 2) {
        // Matrices: rows 0-7 and 8-15 of chunk k, the same of chunk k + 1. A chunk is 32 inputs.
        uint32_t packed[4];
        ldmatrix_x4(packed, rows + next_chunk(at, k));
#pragma unroll
        for (int m = 0; m < 4; m++) {
            fragments[k + m / 2][m % 2] = subtract_zero(packed[m] & 0x0F0F0F0F, complement[m % 2]);
            fragments[k + m / 2][m % 2 + 2] = subtract_zero(packed[m] >> 4 & 0x0F0F0F0F, complement[m % 2]);
        }
    }
}

__device__ __forceinline__ void load_fragments8(WeightFragments& fragments, Shared<const uint8_t> rows) {
    const int lane = (int)threadIdx.x % 32;
    const int at = swizzled<128>(lane % 16, lane / 16);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        // Matrices: rows 0-7 and 8-15 of chunk 2k, the same of chunk 2k + 1. A chunk is 16 inputs.
        ldmatrix_x4(fragments[k], rows + next_chunk(at, 2 * k));
    }
}
