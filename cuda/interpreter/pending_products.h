#pragma once

#include "interpreter/instruction.h"

#include <deque>
#include <memory>

namespace interpreter {

// A warp's part of the wgmma of its warpgroup that are under way: computed at the wait for them. Until then what they
// add to is not in its registers, and what they multiply can still be changed.
class PendingProducts {
public:
    // Of a lane each: the sums of m64n128k32, in the order of their registers.
    struct Sums {
        uint32_t values[WARP_LANES][64];
    };

    void start(Warp& warp, const Instruction& instruction, uint64_t descriptor, bool accumulate);
    size_t started() const { return count; }
    void commit() { committed++; }
    void wait(Warp& warp, uint32_t pending); // all but the newest groups

private:
    struct Product {
        const Instruction* instruction;
        uint64_t descriptor;
        uint64_t group;
        std::shared_ptr<Sums> sums; // those of one accumulator have them together
    };

    void multiply(Warp& warp, const Product& product);

    size_t count = 0;
    uint64_t committed = 0; // groups
    std::deque<Product> products;
};

} // namespace interpreter
