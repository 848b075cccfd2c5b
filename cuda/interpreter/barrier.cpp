// PTX ISA, "bar.sync".

#include "interpreter/block.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

Step wait_at(Warp& warp, Lanes lanes, uint32_t id, uint32_t threads) {
    warp.require_all(lanes);
    NamedBarriers& barriers = warp.block.barriers;
    if (!warp.waiting) {
        warp.waits_for = barriers.arrive(id, threads);
        warp.waiting = true;
    }
    if (!barriers.over(id, warp.waits_for)) {
        return Step::wait;
    }
    warp.waiting = false;
    return Step::next;
}

Step barrier_of_all(Warp& warp, const Instruction& instruction, Lanes lanes) {
    return wait_at(warp, lanes, get<uint32_t>(warp, instruction.operands[0], 0), warp.block.launch.threads);
}

Step barrier_of_some(Warp& warp, const Instruction& instruction, Lanes lanes) {
    return wait_at(warp, lanes, get<uint32_t>(warp, instruction.operands[0], 0),
                   get<uint32_t>(warp, instruction.operands[1], 0));
}

} // namespace

std::vector<Opcode> barrier_opcodes() {
    return {{"bar.sync", "w", barrier_of_all}, {"bar.sync", "ww", barrier_of_some}};
}

} // namespace interpreter
