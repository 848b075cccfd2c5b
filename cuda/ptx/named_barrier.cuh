#pragma once

// A barrier among THREADS threads of the block, whole warps, all of which come here.
template <int ID, int THREADS>
__device__ __forceinline__ void named_barrier() {
    static_assert(ID > 0 && ID < 16 && THREADS % 32 == 0, "barrier 0 is __syncthreads");
    asm volatile("bar.sync %0, %1;" ::"n"(ID), "n"(THREADS) : "memory");
}
