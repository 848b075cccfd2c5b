#include "interpreter/pending_copies.h"

#include "interpreter/fault.h"
#include "interpreter/global_memory.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace interpreter {

static void land(SharedMemory& shared, const PendingCopies::Copy& copy) {
    uint8_t* to = shared.write(copy.to, copy.size, copy.size);
    if (copy.bytes > 0) {
        std::memcpy(to, global_memory().read(copy.from, copy.bytes, copy.size, false), copy.bytes);
    }
    std::memset(to + copy.bytes, 0, copy.size - copy.bytes);
}

void PendingCopies::start(SharedMemory& shared, unsigned lane, uint32_t to, uint64_t from, uint32_t size,
                          uint32_t bytes, bool early, bool at_once) {
    if (bytes > size) {
        throw Fault("cp.async of " + std::to_string(bytes) + " bytes of " + std::to_string(size));
    }
    if (bytes > 0) {
        global_memory().read(from, bytes, size, early);
    }
    const Copy copy = {lane, to, from, size, bytes, committed[lane]};
    if (at_once) {
        land(shared, copy);
        return;
    }
    // Until it lands nobody may read what was there.
    std::memset(shared.write(to, size, size), 0xD5, size);
    copies.push_back(copy);
}

void PendingCopies::wait(SharedMemory& shared, unsigned lane, uint32_t pending) {
    const auto landed = std::remove_if(copies.begin(), copies.end(), [&](const Copy& copy) {
        const bool lands = copy.lane == lane && copy.group + pending < committed[lane];
        if (lands) {
            land(shared, copy);
        }
        return lands;
    });
    copies.erase(landed, copies.end());
}

} // namespace interpreter
