#pragma once

#include "memory/global.cuh"
#include "memory/shared.cuh"

// Barriers in shared memory that count arrivals and the bytes of bulk copies; sm_90. PTX ISA, "mbarrier" (phases,
// "Tracking asynchronous operations by the mbarrier object") and "cp.async.bulk". What a bulk copy wrote is there for
// wgmma and for ordinary loads alike once a wait on its barrier has ended.

// One thread initializes; mbarrier_init_fence and a barrier of the block make it known to all.
__device__ __forceinline__ void mbarrier_init(Shared<uint64_t> barrier, unsigned arrivals) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(barrier.address));
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void mbarrier_init_fence() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ __forceinline__ void mbarrier_arrive(Shared<uint64_t> barrier) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(barrier.address));
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address) : "memory");
}

// Arrives, and has the phase wait for that many bytes of bulk copies as well.
__device__ __forceinline__ void mbarrier_arrive_expect(Shared<uint64_t> barrier, unsigned bytes) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(barrier.address));
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address), "r"(bytes) : "memory");
}

// Waits until the phase of that parity is over: phases have parity 0, 1, 0, 1, ..., and the one before the first counts
// as over.
__device__ __forceinline__ void mbarrier_wait(Shared<uint64_t> barrier, unsigned parity) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(barrier.address));
    asm volatile("{\n"
                 ".reg .pred over;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 over, [%0], %1;\n"
                 "@over bra done;\n"
                 "bra again;\n"
                 "done:\n"
                 "}" ::"r"(address),
                 "r"(parity)
                 : "memory");
}

// Copies whole 16 bytes from global to shared memory by the TMA unit, and counts them at the barrier as they arrive.
__device__ __forceinline__ void bulk_copy(Shared<uint8_t> to, Global<const uint8_t> from, unsigned bytes,
                                          Shared<uint64_t> barrier) {
    const uint32_t to_address = static_cast<uint32_t>(__cvta_generic_to_shared(to.address));
    const uint32_t barrier_address = static_cast<uint32_t>(__cvta_generic_to_shared(barrier.address));
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::"
                 "bytes [%0], [%1], %2, [%3];" ::"r"(to_address),
                 "l"(from.address), "r"(bytes), "r"(barrier_address)
                 : "memory");
}
