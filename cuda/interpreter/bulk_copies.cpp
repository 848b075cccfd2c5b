#include "interpreter/bulk_copies.h"

#include "interpreter/fault.h"
#include "interpreter/global_memory.h"

#include <cstring>
#include <string>

namespace interpreter {

// Stands in the 8 bytes of an initialized mbarrier, whose content is the hardware's own.
static const uint64_t opaque = 0x9D3A6C51E2F7084B;

// tx-count's range.
static const int64_t most_bytes = (1 << 20) - 1;

BulkCopies::Barrier& BulkCopies::find(uint32_t barrier) {
    uint64_t content;
    std::memcpy(&content, shared.read(barrier, 8, 8), 8);
    const auto found = barriers.find(barrier);
    if (found == barriers.end() || content != opaque) {
        throw Fault("no initialized mbarrier at shared address " + std::to_string(barrier));
    }
    return found->second;
}

void BulkCopies::end_phase(Barrier& barrier) {
    if (barrier.missing == 0 && barrier.bytes == 0) {
        barrier.phase++;
        barrier.missing = barrier.arrivals;
    }
}

void BulkCopies::init(uint32_t barrier, uint32_t arrivals) {
    if (arrivals == 0 || arrivals > most_bytes) {
        throw Fault("mbarrier of " + std::to_string(arrivals) + " arrivals");
    }
    std::memcpy(shared.write(barrier, 8, 8), &opaque, 8);
    barriers[barrier] = {arrivals, arrivals, 0, 0, false};
}

void BulkCopies::fence_init() {
    for (auto& barrier : barriers) {
        barrier.second.fenced = true;
    }
}

void BulkCopies::expect(uint32_t barrier, uint32_t bytes) {
    Barrier& found = find(barrier);
    found.bytes += bytes;
    if (found.bytes > most_bytes) {
        throw Fault("mbarrier expects more bytes than it can count");
    }
}

void BulkCopies::arrive(uint32_t barrier) {
    Barrier& found = find(barrier);
    if (found.missing == 0) {
        throw Fault("more arrivals at an mbarrier than its phase has");
    }
    found.missing--;
    end_phase(found);
}

bool BulkCopies::over(uint32_t barrier, uint32_t parity) {
    return find(barrier).phase % 2 != parity;
}

void BulkCopies::start(uint32_t to, uint64_t from, uint32_t bytes, uint32_t barrier, bool early) {
    if (bytes == 0 || bytes % 16 != 0) {
        throw Fault("bulk copy of " + std::to_string(bytes) + " bytes");
    }
    if (!find(barrier).fenced) {
        throw Fault("bulk copy on an mbarrier that no fence.mbarrier_init follows");
    }
    global_memory().read(from, bytes, 16, early);
    // It may land at once, on what is still read there.
    std::memset(shared.write_async(to, bytes), 0xD1, bytes);
    copies.push_back({to, from, bytes, barrier});
}

void BulkCopies::land(size_t random) {
    std::swap(copies[random % copies.size()], copies.back());
    const Copy copy = copies.back();
    copies.pop_back();
    std::memcpy(shared.write_async(copy.to, copy.bytes), global_memory().read(copy.from, copy.bytes, 16, false),
                copy.bytes);
    Barrier& barrier = find(copy.barrier);
    barrier.bytes -= copy.bytes;
    if (barrier.bytes < -most_bytes) {
        throw Fault("more bytes arrive at an mbarrier than it can count");
    }
    end_phase(barrier);
}

} // namespace interpreter
