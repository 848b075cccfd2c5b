// Stands in for cuda/ptx/load_streaming.cuh in the host emulation.

#pragma once

#include "memory/global.cuh"

inline void load_streaming(uint32_t (&words)[4], Global<const uint8_t> from, uint64_t) {
    emulation::global_memory().on_read(from.address, 16, emulation::running_block().access());
    std::memcpy(words, from.address, 16);
}

inline uint64_t evict_first_policy() {
    return 0;
}

inline uint64_t evict_normal_policy() {
    return 0;
}
