#include "interpreter/launch.h"

#include "interpreter/block.h"
#include "interpreter/fault.h"

#include <algorithm>
#include <numeric>

namespace interpreter {

void run(const Launch& launch) {
    std::vector<unsigned> order(launch.blocks);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), launch.random);
    for (const unsigned index : order) {
        try {
            Block(launch, index).run();
        } catch (const Fault& fault) {
            throw Fault("block " + std::to_string(index) + ": " + fault.what());
        }
    }
}

} // namespace interpreter
