#pragma once

#include "memory/shared.cuh"

// Products of a warpgroup, 4 warps, by sm_90a's asynchronous MMA. Between wgmma_fence and wgmma_wait the sums and A
// must not be touched. PTX ISA, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions".

// The B operand of a step of K = 32 in shared memory: tile has 128 bytes of K a column, 8 columns after another, in the
// 128-byte swizzle (16-byte chunk c of column n stands at c ^ (n % 8)), and starts at a multiple of 1024 bytes plus 32
// times the number of the step. PTX ISA, "Shared Memory Matrix Layout", "Canonical Layouts" (K-major, 128-byte
// swizzling) and "Matrix Descriptor Format"; CUTLASS has the same in cute/arch/mma_sm90_desc.hpp.
__device__ __forceinline__ uint64_t wgmma_operand(Shared<const uint8_t> tile) {
    const uint64_t address = static_cast<uint64_t>(__cvta_generic_to_shared(tile.address));
    // Address and strides in units of 16 bytes: bits 0-13 address; 16-29 the leading dimension, not used with a swizzle
    // and 1 by convention; 32-45 the stride from 8 columns to the next 8; 49-51 the offset of the swizzle's pattern, 0
    // as it starts at a multiple of 1024 bytes; 62-63 the swizzle, 1 for 128 bytes.
    return (address & 0x3FFFF) >> 4 | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
}

// What was done to the sums and to the A of each step before is in the registers.
template <int STEPS>
__device__ __forceinline__ void wgmma_fence(int32_t (&sums)[64], uint32_t (&a)[STEPS][4]) {
    // Naming them keeps the compiler from doing it after the fence.
#pragma unroll
    for (int i = 0; i < 64; i++) {
        asm volatile("" : "+r"(sums[i]));
    }
#pragma unroll
    for (int i = 0; i < 4 * STEPS; i++) {
        asm volatile("" : "+r"(a[i / 4][i % 4]));
    }
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

// Starts sums += A B: A [64][32] int8, B [32][128] int8, sums [64][128] int32. Warp w of the warpgroup has rows 16w to
// 16w + 15 of A and sums, in the layout of mma.m16n8k32: sums[4 j + i] is its c[i] for columns 8j to 8j + 7. PTX ISA,
// "Matrix Fragments for wgmma.mma_async.m64nNk32"; CUTLASS has the same in cute/atom/mma_traits_sm90_gmma.hpp,
// ALayout_64x32 and CLayout_64xN.
__device__ __forceinline__ void wgmma_m64n128k32(int32_t (&sums)[64], const uint32_t (&a)[4], uint64_t b) {
    asm volatile("{\n"
                 ".reg .pred accumulate;\n"
                 "setp.ne.b32 accumulate, %69, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 {"
                 "%0, %1, %2, %3, %4, %5, %6, %7, "
                 "%8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, "
                 "%24, %25, %26, %27, %28, %29, %30, %31, "
                 "%32, %33, %34, %35, %36, %37, %38, %39, "
                 "%40, %41, %42, %43, %44, %45, %46, %47, "
                 "%48, %49, %50, %51, %52, %53, %54, %55, "
                 "%56, %57, %58, %59, %60, %61, %62, %63}, "
                 "{%64, %65, %66, %67}, %68, accumulate;\n"
                 "}"
                 : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3]), "+r"(sums[4]), "+r"(sums[5]),
                   "+r"(sums[6]), "+r"(sums[7]), "+r"(sums[8]), "+r"(sums[9]), "+r"(sums[10]), "+r"(sums[11]),
                   "+r"(sums[12]), "+r"(sums[13]), "+r"(sums[14]), "+r"(sums[15]), "+r"(sums[16]), "+r"(sums[17]),
                   "+r"(sums[18]), "+r"(sums[19]), "+r"(sums[20]), "+r"(sums[21]), "+r"(sums[22]), "+r"(sums[23]),
                   "+r"(sums[24]), "+r"(sums[25]), "+r"(sums[26]), "+r"(sums[27]), "+r"(sums[28]), "+r"(sums[29]),
                   "+r"(sums[30]), "+r"(sums[31]), "+r"(sums[32]), "+r"(sums[33]), "+r"(sums[34]), "+r"(sums[35]),
                   "+r"(sums[36]), "+r"(sums[37]), "+r"(sums[38]), "+r"(sums[39]), "+r"(sums[40]), "+r"(sums[41]),
                   "+r"(sums[42]), "+r"(sums[43]), "+r"(sums[44]), "+r"(sums[45]), "+r"(sums[46]), "+r"(sums[47]),
                   "+r"(sums[48]), "+r"(sums[49]), "+r"(sums[50]), "+r"(sums[51]), "+r"(sums[52]), "+r"(sums[53]),
                   "+r"(sums[54]), "+r"(sums[55]), "+r"(sums[56]), "+r"(sums[57]), "+r"(sums[58]), "+r"(sums[59]),
                   "+r"(sums[60]), "+r"(sums[61]), "+r"(sums[62]), "+r"(sums[63])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
}

__device__ __forceinline__ void wgmma_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// Waits until all but the newest PENDING groups of products are in the sums.
template <int PENDING>
__device__ __forceinline__ void wgmma_wait(int32_t (&sums)[64]) {
    // Naming the sums keeps the compiler from reading them earlier.
    asm volatile("wgmma.wait_group.sync.aligned %64;"
                 : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3]), "+r"(sums[4]), "+r"(sums[5]),
                   "+r"(sums[6]), "+r"(sums[7]), "+r"(sums[8]), "+r"(sums[9]), "+r"(sums[10]), "+r"(sums[11]),
                   "+r"(sums[12]), "+r"(sums[13]), "+r"(sums[14]), "+r"(sums[15]), "+r"(sums[16]), "+r"(sums[17]),
                   "+r"(sums[18]), "+r"(sums[19]), "+r"(sums[20]), "+r"(sums[21]), "+r"(sums[22]), "+r"(sums[23]),
                   "+r"(sums[24]), "+r"(sums[25]), "+r"(sums[26]), "+r"(sums[27]), "+r"(sums[28]), "+r"(sums[29]),
                   "+r"(sums[30]), "+r"(sums[31]), "+r"(sums[32]), "+r"(sums[33]), "+r"(sums[34]), "+r"(sums[35]),
                   "+r"(sums[36]), "+r"(sums[37]), "+r"(sums[38]), "+r"(sums[39]), "+r"(sums[40]), "+r"(sums[41]),
                   "+r"(sums[42]), "+r"(sums[43]), "+r"(sums[44]), "+r"(sums[45]), "+r"(sums[46]), "+r"(sums[47]),
                   "+r"(sums[48]), "+r"(sums[49]), "+r"(sums[50]), "+r"(sums[51]), "+r"(sums[52]), "+r"(sums[53]),
                   "+r"(sums[54]), "+r"(sums[55]), "+r"(sums[56]), "+r"(sums[57]), "+r"(sums[58]), "+r"(sums[59]),
                   "+r"(sums[60]), "+r"(sums[61]), "+r"(sums[62]), "+r"(sums[63])
                 : "n"(PENDING)
                 : "memory");
}
