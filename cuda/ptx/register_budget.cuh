#pragma once

// Both are executed by all warps of a warpgroup, and change how many registers each of their threads has; sm_90a. PTX
// ISA, "setmaxnreg": raising waits until lowering has freed enough in the block's pool, and the compiler takes both
// only in kernels whose launch bounds name the blocks a multiprocessor.

template <int REGISTERS>
__device__ __forceinline__ void raise_register_budget() {
    static_assert(REGISTERS % 8 == 0 && REGISTERS >= 24 && REGISTERS <= 256, "what setmaxnreg takes");
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

template <int REGISTERS>
__device__ __forceinline__ void lower_register_budget() {
    static_assert(REGISTERS % 8 == 0 && REGISTERS >= 24 && REGISTERS <= 256, "what setmaxnreg takes");
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}
