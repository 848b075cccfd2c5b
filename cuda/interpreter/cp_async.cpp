// PTX ISA, "cp.async", "cp.async.commit_group", "cp.async.wait_group".

#include "interpreter/block.h"
#include "interpreter/fault.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

// [to], [from], size, bytes
template <uint32_t least, uint32_t most>
Step start(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        const uint32_t size = get<uint32_t>(warp, instruction.operands[4], lane);
        if (size < least || size > most || (size & (size - 1)) != 0) {
            throw Fault("cp.async does not copy " + std::to_string(size) + " bytes");
        }
        const bool at_once = !warp.block.late && warp.block.launch.random() % 2 == 0;
        warp.copies.start(warp.block.shared, lane, get_address<uint32_t>(warp, instruction, 0, lane),
                          get_address<uint64_t>(warp, instruction, 2, lane), size,
                          get<uint32_t>(warp, instruction.operands[5], lane), warp.is_early(lane), at_once);
    });
    return Step::next;
}

Step commit(Warp& warp, const Instruction&, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) { warp.copies.commit(lane); });
    return Step::next;
}

Step wait(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        warp.copies.wait(warp.block.shared, lane, get<uint32_t>(warp, instruction.operands[0], lane));
    });
    return Step::next;
}

} // namespace

std::vector<Opcode> cp_async_opcodes() {
    return {
        {"cp.async.ca.shared.global", "SGww", start<4, 16>},
        {"cp.async.cg.shared.global.L2::128B", "SGww", start<16, 16>},
        {"cp.async.commit_group", "", commit},
        {"cp.async.wait_group", "w", wait},
    };
}

} // namespace interpreter
