#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

// The largest value of all 32 lanes, in every lane.
__device__ __forceinline__ uint32_t warp_max(uint32_t value) {
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(0xFFFFFFFF, value);
#else
    for (int mask = 16; mask > 0; mask /= 2) {
        value = max(value, __shfl_xor_sync(0xFFFFFFFF, value, mask));
    }
    return value;
#endif
}

// The sum over all 32 lanes, in every lane.
__device__ __forceinline__ int32_t warp_sum(int32_t value) {
#if __CUDA_ARCH__ >= 800
    return __reduce_add_sync(0xFFFFFFFF, value);
#else
    for (int mask = 16; mask > 0; mask /= 2) {
        value += __shfl_xor_sync(0xFFFFFFFF, value, mask);
    }
    return value;
#endif
}
