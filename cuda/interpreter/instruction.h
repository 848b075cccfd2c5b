#pragma once

#include <stdint.h>
#include <vector>

namespace interpreter {

class Warp;
struct Instruction;
struct Opcode;

enum { WARP_LANES = 32 };

using Lanes = uint32_t; // one bit a lane
constexpr Lanes ALL_LANES = 0xFFFFFFFF;

// wait: the warp stays at the instruction and executes it again when its turn comes.
enum class Step { next, wait };

using Handler = Step (*)(Warp& warp, const Instruction& instruction, Lanes lanes);

enum class Flow { next, branch, exit };

// An instruction of a kernel, ready to be executed.
struct Instruction {
    Flow flow = Flow::next;
    const Opcode* opcode = nullptr; // of Flow::next
    int guard = -1;                 // the predicate without which a lane does nothing
    bool guard_negated = false;
    uint32_t target = 0; // of a branch
    uint32_t line = 0;   // in the PTX
    // What each is depends on the opcode's signature: where a value's row of lanes lies in the warp's registers, or the
    // number of a predicate; an address is two, the row of its base and its constant offset.
    std::vector<uint32_t> operands;
};

} // namespace interpreter
