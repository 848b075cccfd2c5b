#pragma once

#include <cuda_runtime.h>

// A barrier among the 32 lanes of a warp.
__device__ __forceinline__ void warp_sync() {
    __syncwarp();
}
