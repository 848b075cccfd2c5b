#pragma once

#include <cstddef>
#include <vector>

struct MemoryPiece {
    const void* memory; // aligned to 8 bytes
    size_t bytes;       // a multiple of 8
};

// Reads the pieces one after another on the calling thread, in each of three ways: as one stream; each piece as two
// streams that ask for pages ahead; as four that ask for lines ahead. Returns the best in bytes a second, in 1e9, by a
// clock such as thread_seconds. What is to be read `before` each way, untimed, leaves the same in the caches for all.
double measure_bandwidth(const std::vector<MemoryPiece>& pieces, double (*clock)(),
                         const std::vector<MemoryPiece>& before = {});
