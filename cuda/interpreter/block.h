#pragma once

#include "interpreter/bulk_copies.h"
#include "interpreter/launch.h"
#include "interpreter/named_barriers.h"
#include "interpreter/shared_memory.h"
#include "interpreter/warp.h"

#include <memory>
#include <string>

namespace interpreter {

// A block under way. Its warps take turns at random; what is asynchronous happens as late as the kernel lets it, or at
// random.
class Block {
public:
    Block(const Launch& launch, unsigned index);

    // To the end of all warps; throws Fault.
    void run();

    const Launch& launch;
    const unsigned index;
    const bool late; // asynchronous copies land when they must, not at random
    SharedMemory shared;
    NamedBarriers barriers;
    BulkCopies bulk_copies;

    // The operands in shared memory of the wgmma of each warpgroup, in the order its warps must all have.
    std::vector<std::vector<uint64_t>> warpgroups;

    std::vector<std::unique_ptr<Warp>> warps;
};

} // namespace interpreter
