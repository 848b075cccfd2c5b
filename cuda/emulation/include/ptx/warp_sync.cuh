// Stands in for cuda/ptx/warp_sync.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

inline void warp_sync() {
    // A named barrier that the warp has to itself.
    const int first_unused = 16;
    emulation::running_block().named_barrier(first_unused + (int)threadIdx.x / 32, 32);
}
