// Stands in for cuda/ptx/named_barrier.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

template <int ID, int THREADS>
void named_barrier() {
    static_assert(ID > 0 && ID < 16 && THREADS % 32 == 0, "barrier 0 is __syncthreads");
    emulation::running_block().named_barrier(ID, THREADS);
}
