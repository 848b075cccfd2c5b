#pragma once

#include "interpreter/shared_memory.h"

namespace interpreter {

// The cp.async of a warp that have not landed, each its lane's. PTX ISA, "cp.async" and its groups.
class PendingCopies {
public:
    // bytes of `size` come from global memory, the rest are zeros.
    struct Copy {
        unsigned lane;
        uint32_t to;
        uint64_t from;
        uint32_t size, bytes;
        uint64_t group; // the lane's so many'th
    };

    // early: as of GlobalMemory::read.
    void start(SharedMemory& shared, unsigned lane, uint32_t to, uint64_t from, uint32_t size, uint32_t bytes,
               bool early, bool at_once);
    void commit(unsigned lane) { committed[lane]++; }
    void wait(SharedMemory& shared, unsigned lane, uint32_t pending); // all but the lane's newest groups

private:
    uint64_t committed[32] = {}; // groups of each lane
    std::vector<Copy> copies;
};

} // namespace interpreter
