#pragma once

#include "memory/global.cuh"
#include "memory/shared.cuh"

// Starts copying the first `bytes` of SIZE bytes from global to shared memory and zeros to the rest. SIZE 16 bypasses
// L1. PTX ISA, "cp.async" and "cp.async.wait_group": groups are per thread, complete in the order of their commits, and
// may be empty.
template <int SIZE>
__device__ __forceinline__ void cp_async(Shared<uint8_t> to, Global<const uint8_t> from, int bytes) {
    static_assert(SIZE == 8 || SIZE == 16, "cp.async copies 4, 8 or 16 bytes; 4 is not used here");
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(to.address));
    if constexpr (SIZE == 16) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(address), "l"(from.address),
                     "r"(bytes)
                     : "memory");
    } else {
        asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(address), "l"(from.address), "r"(bytes)
                     : "memory");
    }
}

// Closes this thread's group of copies.
__device__ __forceinline__ void cp_async_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until all but this thread's newest PENDING groups have landed. Other threads see them after a barrier.
template <int PENDING>
__device__ __forceinline__ void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}
