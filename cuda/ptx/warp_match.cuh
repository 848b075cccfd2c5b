#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

// The lanes, a bit each, whose value is this lane's. All 32 come here.
__device__ __forceinline__ uint32_t warp_match(uint32_t value) {
    return __match_any_sync(0xFFFFFFFF, value);
}
