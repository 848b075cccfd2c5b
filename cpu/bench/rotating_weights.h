#pragma once

#include "mixllm_cpu.h"

#include <cstdint>
#include <memory>
#include <vector>

using AlignedMemory = std::unique_ptr<char, void (*)(void*)>;

// 64-byte aligned memory of ordinary pages, as a mapped file has.
AlignedMemory allocate_aligned(size_t bytes);

// Copies of one random weight that together exceed the caches. Used in turn, each is read from memory. They lie in one
// piece of memory, as the weights of a model do: when tiled in one of mixllm_cpu_allocate, else in ordinary pages.
struct RotatingWeights {
    AlignedMemory memory;
    std::vector<int32_t> rows;
    std::vector<mixllm_cpu_weight> copies;
    size_t bytes = 0; // of one copy, packed

    // n outputs, k inputs, `percent` of the outputs 8-bit (to the nearest multiple of 16), spread evenly.
    RotatingWeights(int64_t n, int64_t k, int64_t percent, bool tiled);
};

// Copies of `bytes` each that RotatingWeights and its like hold.
size_t copies_beyond_caches(size_t bytes);
