#pragma once

// Keeps the compiler from moving this warp's loads from shared memory across it, as it otherwise does with all of an
// unrolled loop at once, at the price of spilled registers. A converged warp, which this must be, does not wait.
__device__ __forceinline__ void schedule_fence() {
    asm volatile("bar.warp.sync 0xFFFFFFFF;" ::: "memory");
}
