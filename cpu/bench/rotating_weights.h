#ifndef MIXLLM_ROTATING_WEIGHTS_H
#define MIXLLM_ROTATING_WEIGHTS_H

#include "mixllm_cpu.h"

#include <memory>
#include <new>
#include <vector>

struct FreeAligned {
    void operator()(void* p) const { ::operator delete(p, std::align_val_t(64)); }
};
using AlignedMemory = std::unique_ptr<char, FreeAligned>;

AlignedMemory allocate_aligned(size_t bytes);

// Copies of one random weight that together exceed the caches. Used in turn, each is read from memory.
struct RotatingWeights {
    std::vector<AlignedMemory> memory;
    std::vector<int32_t> rows;
    std::vector<mixllm_weight> copies;
    size_t bytes = 0; // of one copy, packed

    // n outputs, k inputs, `percent` of the outputs 8-bit (to the nearest multiple of 16), spread evenly.
    RotatingWeights(int64_t n, int64_t k, int64_t percent);
};

// Copies of `bytes` each that RotatingWeights and its like hold.
size_t copies_beyond_caches(size_t bytes);

#endif
