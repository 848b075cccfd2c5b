#include "interpreter/named_barriers.h"

#include "interpreter/fault.h"
#include "interpreter/instruction.h"

#include <string>

namespace interpreter {

uint64_t NamedBarriers::arrive(uint32_t id, uint32_t threads) {
    if (id >= 16 || threads == 0 || threads % WARP_LANES != 0) {
        throw Fault("no barrier " + std::to_string(id) + " of " + std::to_string(threads) + " threads");
    }
    auto& barrier = barriers[id];
    if (barrier.arrived > 0 && barrier.expected != threads) {
        throw Fault("others wait at this barrier for " + std::to_string(barrier.expected) + " threads");
    }
    const uint64_t round = barrier.round;
    barrier.expected = threads;
    barrier.arrived += WARP_LANES;
    if (barrier.arrived == threads) {
        barrier.arrived = 0;
        barrier.round++;
    }
    return round;
}

} // namespace interpreter
