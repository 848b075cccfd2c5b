#pragma once

#include <stdint.h>

namespace interpreter {

// The 16 barriers of a block that bar.sync names.
class NamedBarriers {
public:
    // A warp arrives at barrier `id`, which `threads` threads take part in. Returns the round to wait the end of.
    uint64_t arrive(uint32_t id, uint32_t threads);

    bool over(uint32_t id, uint64_t round) const { return barriers[id].round > round; }

private:
    struct {
        uint32_t expected = 0, arrived = 0; // threads
        uint64_t round = 0;
    } barriers[16];
};

} // namespace interpreter
