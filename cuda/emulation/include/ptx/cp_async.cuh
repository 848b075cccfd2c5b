// Stands in for cuda/ptx/cp_async.cuh in the host emulation: the bytes land when they are waited for, no earlier.

#pragma once

#include "memory/global.cuh"
#include "memory/shared.cuh"

template <int SIZE>
void cp_async(Shared<uint8_t> to, Global<const uint8_t> from, int bytes) {
    static_assert(SIZE == 8 || SIZE == 16, "cp.async copies 4, 8 or 16 bytes; 4 is not used here");
    emulation::running_block().start_copy({to.address, from.address, bytes, SIZE});
}

inline void cp_async_commit() {
    emulation::running_block().commit_copies();
}

template <int PENDING>
void cp_async_wait() {
    emulation::running_block().wait_copies(PENDING);
}
