#pragma once

#include "interpreter/shared_memory.h"

#include <map>

namespace interpreter {

// A block's mbarriers and the bulk copies that complete on them. PTX ISA, "mbarrier" and "cp.async.bulk".
class BulkCopies {
public:
    explicit BulkCopies(SharedMemory& shared) : shared(shared) {}

    void init(uint32_t barrier, uint32_t arrivals);
    void fence_init(); // fence.mbarrier_init
    void expect(uint32_t barrier, uint32_t bytes);
    void arrive(uint32_t barrier);
    bool over(uint32_t barrier, uint32_t parity); // the phase of that parity

    void start(uint32_t to, uint64_t from, uint32_t bytes, uint32_t barrier, bool early); // GlobalMemory::read
    bool under_way() const { return !copies.empty(); }
    void land(size_t random); // one of those under way

private:
    struct Barrier {
        uint32_t arrivals; // a phase
        uint32_t missing;  // arrivals in this phase
        int64_t bytes;     // that copies have still to bring in this phase
        uint64_t phase;
        bool fenced; // known to the asynchronous proxy
    };
    struct Copy {
        uint32_t to;
        uint64_t from;
        uint32_t bytes;
        uint32_t barrier;
    };

    Barrier& find(uint32_t barrier);
    void end_phase(Barrier& barrier);

    SharedMemory& shared;
    std::map<uint32_t, Barrier> barriers; // by address
    std::vector<Copy> copies;             // under way
};

} // namespace interpreter
