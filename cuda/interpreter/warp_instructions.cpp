// PTX ISA, "shfl.sync", "match.sync", "redux.sync", "bar.warp.sync", "setmaxnreg".

#include "interpreter/fault.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

// members: the operand that says which lanes take part, itself among them.
void require_members(const Warp& warp, uint32_t members, Lanes lanes) {
    warp.require_all(lanes);
    for_each(lanes, [&](unsigned lane) {
        if (get<Lanes>(warp, members, lane) != lanes) {
            throw Fault("the member mask is not the lanes that execute this");
        }
    });
}

enum class Shuffle { bfly, idx };

// d|p, a, b, c, members: a of lane `lane ^ b` (bfly), or of number b in the lane's segment (idx); p whether there is
// one.
template <Shuffle which>
Step shfl(Warp& warp, const Instruction& instruction, Lanes lanes) {
    const std::vector<uint32_t>& operands = instruction.operands;
    require_members(warp, operands[5], lanes);
    uint32_t results[WARP_LANES];
    Lanes inside = 0;
    for_each(lanes, [&](unsigned lane) {
        const uint32_t c = get<uint32_t>(warp, operands[4], lane), clamp = c & 31, segment = c >> 8 & 31;
        const uint32_t first = lane & segment, last = first | (clamp & ~segment);
        const uint32_t b = get<uint32_t>(warp, operands[3], lane) & 31;
        uint32_t from = which == Shuffle::bfly ? lane ^ b : first | (b & ~segment);
        if (from <= last) {
            inside |= Lanes(1) << lane;
        } else {
            from = lane;
        }
        if ((lanes >> from & 1) == 0) {
            throw Fault("shuffle from a lane that does not take part");
        }
        results[lane] = get<uint32_t>(warp, operands[2], from);
    });
    for_each(lanes, [&](unsigned lane) {
        set<uint32_t>(warp, operands[0], lane, results[lane]);
        set<bool>(warp, operands[1], lane, (inside >> lane & 1) != 0);
    });
    return Step::next;
}

// d, a, members: the lanes that have the same a.
Step match_any(Warp& warp, const Instruction& instruction, Lanes lanes) {
    require_members(warp, instruction.operands[2], lanes);
    uint32_t values[WARP_LANES];
    for_each(lanes, [&](unsigned lane) { values[lane] = get<uint32_t>(warp, instruction.operands[1], lane); });
    for_each(lanes, [&](unsigned lane) {
        Lanes same = 0;
        for_each(lanes, [&](unsigned other) { same |= Lanes(values[other] == values[lane]) << other; });
        set<uint32_t>(warp, instruction.operands[0], lane, same);
    });
    return Step::next;
}

template <bool sum>
Step redux(Warp& warp, const Instruction& instruction, Lanes lanes) {
    require_members(warp, instruction.operands[2], lanes);
    uint32_t result = 0;
    for_each(lanes, [&](unsigned lane) {
        const uint32_t value = get<uint32_t>(warp, instruction.operands[1], lane);
        result = sum ? result + value : value > result ? value : result;
    });
    for_each(lanes, [&](unsigned lane) { set<uint32_t>(warp, instruction.operands[0], lane, result); });
    return Step::next;
}

Step warp_barrier(Warp& warp, const Instruction& instruction, Lanes lanes) {
    require_members(warp, instruction.operands[0], lanes);
    return Step::next;
}

// Registers are not counted here.
Step set_max_registers(Warp& warp, const Instruction&, Lanes lanes) {
    warp.require_all(lanes);
    return Step::next;
}

} // namespace

std::vector<Opcode> warp_opcodes() {
    return {
        {"shfl.sync.bfly.b32", "Wpwwww", shfl<Shuffle::bfly>},
        {"shfl.sync.idx.b32", "Wpwwww", shfl<Shuffle::idx>},
        {"match.any.sync.b32", "Www", match_any},
        {"redux.sync.max.u32", "Www", redux<false>},
        {"redux.sync.add.s32", "Www", redux<true>},
        {"bar.warp.sync", "w", warp_barrier},
        {"setmaxnreg.inc.sync.aligned.u32", "w", set_max_registers},
        {"setmaxnreg.dec.sync.aligned.u32", "w", set_max_registers},
    };
}

} // namespace interpreter
