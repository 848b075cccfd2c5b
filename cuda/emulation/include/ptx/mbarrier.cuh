// Stands in for cuda/ptx/mbarrier.cuh in the host emulation.

#pragma once

#include "memory/global.cuh"
#include "memory/shared.cuh"

inline void mbarrier_init(Shared<uint64_t> barrier, unsigned arrivals) {
    emulation::running_block().mbarrier_init(barrier.address, arrivals);
}

// The emulation knows an mbarrier to be initialized only after a barrier of the block in any case.
inline void mbarrier_init_fence() {}

inline void mbarrier_arrive(Shared<uint64_t> barrier) {
    emulation::running_block().mbarrier_arrive(barrier.address, 0);
}

inline void mbarrier_arrive_expect(Shared<uint64_t> barrier, unsigned bytes) {
    emulation::running_block().mbarrier_arrive(barrier.address, bytes);
}

inline void mbarrier_wait(Shared<uint64_t> barrier, unsigned parity) {
    emulation::running_block().mbarrier_wait(barrier.address, parity);
}

inline void bulk_copy(Shared<uint8_t> to, Global<const uint8_t> from, unsigned bytes, Shared<uint64_t> barrier) {
    emulation::running_block().start_bulk_copy(to.address, from.address, bytes, barrier.address);
}
