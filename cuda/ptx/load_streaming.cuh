#pragma once

#include "memory/global.cuh"

#include <stdint.h>

// 16 bytes that this multiprocessor reads once: they take no place in L1; the policy says how soon they leave L2,
// on sm_80 and later.
__device__ __forceinline__ void load_streaming(uint32_t (&words)[4], Global<const uint8_t> from, uint64_t policy) {
#if __CUDA_ARCH__ >= 800
    asm volatile("ld.global.nc.L1::no_allocate.L2::cache_hint.L2::128B.v4.u32 "
                 "{%0, %1, %2, %3}, [%4], %5;"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "l"(from.address), "l"(policy));
#else
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "l"(from.address));
#endif
}

// For what no other block reads: the first to leave L2.
__device__ __forceinline__ uint64_t evict_first_policy() {
    uint64_t policy = 0;
#if __CUDA_ARCH__ >= 800
    asm("createpolicy.fractional.L2::evict_first.b64 %0;" : "=l"(policy));
#endif
    return policy;
}

// For what other blocks read too.
__device__ __forceinline__ uint64_t evict_normal_policy() {
    uint64_t policy = 0;
#if __CUDA_ARCH__ >= 800
    asm("createpolicy.fractional.L2::evict_normal.b64 %0;" : "=l"(policy));
#endif
    return policy;
}
