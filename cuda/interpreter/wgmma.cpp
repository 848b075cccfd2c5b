// PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions".

#include "interpreter/block.h"
#include "interpreter/fault.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

// Sums, A, descriptor of B, whether to add to the sums.
Step wgmma_m64n128k32(Warp& warp, const Instruction& instruction, Lanes lanes) {
    warp.require_all(lanes);
    const uint64_t descriptor = get<uint64_t>(warp, instruction.operands[68], 0);
    const bool accumulate = get<bool>(warp, instruction.operands[69], 0);
    for_each(ALL_LANES, [&](unsigned lane) {
        if (get<uint64_t>(warp, instruction.operands[68], lane) != descriptor ||
            get<bool>(warp, instruction.operands[69], lane) != accumulate) {
            throw Fault("lanes of a warp that differ in wgmma's operands");
        }
    });
    warp.products.start(warp, instruction, descriptor, accumulate);
    return Step::next;
}

// What it orders is held to before a program runs; see check_wgmma_fences.
Step fence(Warp& warp, const Instruction&, Lanes lanes) {
    warp.require_all(lanes);
    return Step::next;
}

Step commit(Warp& warp, const Instruction&, Lanes lanes) {
    warp.require_all(lanes);
    warp.products.commit();
    return Step::next;
}

Step wait(Warp& warp, const Instruction& instruction, Lanes lanes) {
    warp.require_all(lanes);
    warp.products.wait(warp, get<uint32_t>(warp, instruction.operands[0], 0));
    return Step::next;
}

} // namespace

std::vector<Opcode> wgmma_opcodes() {
    return {
        {"wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8", std::string(64, 'W') + "wwwwdp", wgmma_m64n128k32},
        {"wgmma.fence.sync.aligned", "", fence},
        {"wgmma.commit_group.sync.aligned", "", commit},
        {"wgmma.wait_group.sync.aligned", "w", wait},
    };
}

} // namespace interpreter
