#pragma once

#include "interpreter/pending_copies.h"
#include "interpreter/pending_products.h"
#include "interpreter/program.h"

#include <string>

namespace interpreter {

class Block;

// The 32 lanes of a warp, in step. Where they part, those at the lowest instruction go first, so that they meet again.
class Warp {
public:
    Warp(Block& block, unsigned index);

    // Executes at most `most` instructions, until the warp waits or ends. Returns how many; throws Fault.
    unsigned run(unsigned most);

    bool ended() const { return now.lanes == 0; }

    // "line 12: bar.sync 0;": where it is.
    std::string where() const;

    // For instructions that all lanes of the warp that have not ended must execute together; throws Fault.
    void require_all(Lanes lanes) const;

    // Whether kernels before this one may still be running as far as a lane knows; it has not waited for them.
    bool is_early(unsigned lane) const { return (waited >> lane & 1) == 0; }
    void wait_for_kernels_before(Lanes lanes) { waited |= lanes; }

    Block& block;
    const unsigned index; // in the block

    // Of the instruction that waits, between its tries.
    bool waiting = false;
    uint64_t waits_for = 0;

    std::vector<uint8_t> registers; // rows of 32 lanes of 4 or 8 bytes
    std::vector<Lanes> predicates;
    PendingCopies copies;
    PendingProducts products;

private:
    // Lanes at the same instruction.
    struct Path {
        uint32_t at;
        Lanes lanes;
    };

    void choose_path();
    void branch(uint32_t target, Lanes lanes);
    void end(Lanes lanes);

    const Kernel& kernel;
    Lanes waited;            // for kernels before
    Path now;                // no lanes: the warp has ended
    std::vector<Path> other; // that wait for their turn
};

} // namespace interpreter
