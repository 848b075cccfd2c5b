// PTX ISA, "mbarrier" and "cp.async.bulk".

#include "interpreter/block.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

Step init(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        warp.block.bulk_copies.init(get_address<uint32_t>(warp, instruction, 0, lane),
                                    get<uint32_t>(warp, instruction.operands[2], lane));
    });
    return Step::next;
}

Step fence_init(Warp& warp, const Instruction&, Lanes) {
    warp.block.bulk_copies.fence_init();
    return Step::next;
}

Step arrive(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes,
             [&](unsigned lane) { warp.block.bulk_copies.arrive(get_address<uint32_t>(warp, instruction, 0, lane)); });
    return Step::next;
}

// Expects the bytes first, then arrives.
Step arrive_expect(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        const uint32_t barrier = get_address<uint32_t>(warp, instruction, 0, lane);
        warp.block.bulk_copies.expect(barrier, get<uint32_t>(warp, instruction.operands[2], lane));
        warp.block.bulk_copies.arrive(barrier);
    });
    return Step::next;
}

// May give up before the phase is over: at times it does so at once, else it waits.
Step try_wait(Warp& warp, const Instruction& instruction, Lanes lanes) {
    Lanes over = 0;
    for_each(lanes, [&](unsigned lane) {
        const bool ended = warp.block.bulk_copies.over(get_address<uint32_t>(warp, instruction, 1, lane),
                                                       get<uint32_t>(warp, instruction.operands[3], lane));
        over |= Lanes(ended) << lane;
    });
    if (over != lanes && (warp.waiting || warp.block.launch.random() % 2 == 0)) {
        warp.waiting = true;
        return Step::wait;
    }
    warp.waiting = over != lanes;
    for_each(lanes, [&](unsigned lane) { set<bool>(warp, instruction.operands[0], lane, (over >> lane & 1) != 0); });
    return Step::next;
}

// [to], [from], bytes, [barrier]
Step bulk_copy(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        warp.block.bulk_copies.start(get_address<uint32_t>(warp, instruction, 0, lane),
                                     get_address<uint64_t>(warp, instruction, 2, lane),
                                     get<uint32_t>(warp, instruction.operands[4], lane),
                                     get_address<uint32_t>(warp, instruction, 5, lane), warp.is_early(lane));
    });
    return Step::next;
}

} // namespace

std::vector<Opcode> mbarrier_opcodes() {
    return {
        {"mbarrier.init.shared::cta.b64", "Sw", init},
        {"fence.mbarrier_init.release.cluster", "", fence_init},
        {"mbarrier.arrive.shared::cta.b64", "_S", arrive},
        {"mbarrier.arrive.expect_tx.shared::cta.b64", "_Sw", arrive_expect},
        {"mbarrier.try_wait.parity.shared::cta.b64", "pSw", try_wait},
        {"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes", "SGwS", bulk_copy},
    };
}

} // namespace interpreter
