#ifndef MIXLLM_WARP_SYNC_CUH
#define MIXLLM_WARP_SYNC_CUH

#include <cuda_runtime.h>

// A barrier among the 32 lanes of a warp.
__device__ __forceinline__ void warp_sync() {
    __syncwarp();
}

#endif
