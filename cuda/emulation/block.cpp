#include "block.h"

#include "fault.h"
#include "global_memory.h"

#include <algorithm>
#include <cstring>

namespace emulation {

void Block::run(uint64_t launch_number, unsigned block_number, Dim3 block_index, Dim3 grid_size, unsigned threads,
                size_t bytes, const std::function<void()>& kernel_call, bool early) {
    launch = launch_number;
    block = block_number;
    index = block_index;
    grid = grid_size;
    count = threads;
    epoch = 0;
    at_barrier = 0;
    kernel = &kernel_call;
    shared_bytes = bytes;
    shared_storage.assign(bytes + 1024, 0xCD);
    shared_base = shared_storage.data() + (1024 - reinterpret_cast<uintptr_t>(shared_storage.data()) % 1024) % 1024;
    shared_shadow.assign((bytes + 3) / 4, ShadowWord());
    warps.resize((threads + WARP_THREADS - 1) / WARP_THREADS);
    for (Warp& warp : warps) {
        warp.name = nullptr;
        warp.arrived = 0;
    }
    mbarriers.clear();
    bulk_targets.clear();
    named_barriers.clear();
    mbarrier_changes = 0;
    while (pool.size() < count) {
        pool.push_back(std::make_unique<Thread>());
    }
    for (size_t i = 0; i < count; i++) {
        Thread& thread = *pool[i];
        thread.wait = Wait::nothing;
        thread.open.clear();
        thread.groups.clear();
        thread.fenced.clear();
        thread.open_products.clear();
        thread.product_groups.clear();
        thread.known.assign(count, 0);
        thread.known[i] = 1;
        thread.early = early;
        thread.fault.clear();
        thread.fiber.start(thread_main, this);
    }
    size_t over = 0; // threads
    while (over < count) {
        bool progress = false;
        for (size_t i = 0; i < count; i++) {
            Thread& thread = *pool[i];
            if (thread.wait == Wait::mbarrier && thread.seen_changes != mbarrier_changes) {
                thread.wait = Wait::nothing;
            }
            if (thread.wait != Wait::nothing) {
                continue;
            }
            progress = true;
            current = (unsigned)i;
            thread.fiber.run();
            if (!thread.fault.empty()) {
                throw Fault("block " + std::to_string(block) + " thread " + std::to_string(i) + ": " + thread.fault);
            }
            over += thread.wait == Wait::over;
        }
        if (!progress) {
            throw Fault("block " + std::to_string(block) + ": " + std::to_string(count - over) +
                        " threads wait for ever: not all threads came to the same "
                        "barrier or warp operation");
        }
    }
    for (const auto& [address, mbarrier] : mbarriers) {
        if (!mbarrier.copies.empty()) {
            throw Fault("block " + std::to_string(block) + " ends with bulk copies nobody waited for");
        }
    }
}

void Block::thread_main(void* self) {
    Block& block = *static_cast<Block*>(self);
    Thread& thread = *block.pool[block.current];
    try {
        (*block.kernel)();
        if (!thread.open_products.empty() || !thread.product_groups.empty()) {
            throw Fault("ends with products it never waited for");
        }
        if (thread.early) {
            throw Fault("ends without having waited for the kernels before");
        }
        if (!thread.open.empty() || !thread.groups.empty()) {
            throw Fault("ends with asynchronous copies it never waited for");
        }
    } catch (const Fault& fault) {
        thread.fault = fault.what();
    }
    thread.wait = Wait::over;
}

void Block::block_until(Wait reason) {
    Thread& thread = *pool[current];
    thread.wait = reason;
    thread.fiber.pause();
}

void Block::barrier() {
    at_barrier++;
    if (at_barrier < count) {
        block_until(Wait::barrier);
        return;
    }
    at_barrier = 0;
    epoch++;
    for (size_t i = 0; i < count; i++) {
        if (pool[i]->wait == Wait::barrier) {
            pool[i]->wait = Wait::nothing;
        }
    }
}

LaneExchange& Block::collective(const char* name, const void* in, size_t bytes, WarpWork work) {
    const unsigned warp_index = current / WARP_THREADS;
    const unsigned lane = current % WARP_THREADS;
    Warp& warp = warps[warp_index];
    if (warp.arrived > 0 && warp.name != name && std::strcmp(warp.name, name) != 0) {
        throw Fault(std::string("comes to ") + name + " while other lanes of its warp are at " + warp.name);
    }
    warp.name = name;
    std::memcpy(warp.lanes[lane].in, in, bytes);
    warp.arrived++;
    if (warp.arrived < WARP_THREADS) {
        block_until(Wait::warp);
    } else {
        work(warp.lanes);
        warp.arrived = 0;
        for (unsigned i = 0; i < WARP_THREADS; i++) {
            Thread& other = *pool[warp_index * WARP_THREADS + i];
            if (other.wait == Wait::warp) {
                other.wait = Wait::nothing;
            }
        }
    }
    return warp.lanes[lane];
}

ShadowWord& Block::shared_word(const void* address, size_t bytes, const char* what, size_t word) {
    const size_t offset = (size_t)(static_cast<const uint8_t*>(address) - shared_base);
    if (static_cast<const uint8_t*>(address) < shared_base || offset + bytes > shared_bytes) {
        throw Fault(std::string(what) + " " + std::to_string(bytes) + " bytes at offset " +
                    std::to_string((ptrdiff_t)offset) + " of " + std::to_string(shared_bytes) +
                    " bytes of shared memory");
    }
    if (offset % bytes != 0) {
        throw Fault(std::string(what) + " " + std::to_string(bytes) +
                    " bytes of shared memory at the misaligned offset " + std::to_string(offset));
    }
    return shared_shadow[offset / 4 + word];
}

static std::string in_shared(const char* problem, const void* address, const uint8_t* base) {
    return std::string(problem) + ", at offset " + std::to_string(static_cast<const uint8_t*>(address) - base) +
           " of shared memory";
}

void Block::on_shared_read(const void* address, size_t bytes, bool whole_warp) {
    Access by = access();
    if (whole_warp) {
        by.thread = Access::FIRST_COLLECTIVE + current / WARP_THREADS;
        by.known = nullptr; // what one lane knows, the others need not
    }
    for (BulkTarget& target : bulk_targets) {
        if (address >= target.begin && address < target.begin + target.bytes) {
            if (target.epoch != epoch) {
                target.readers.assign(count, 0);
                target.epoch = epoch;
            }
            target.readers[current] = by.clock;
        }
    }
    for (size_t word = 0; word * 4 < bytes; word++) {
        if (const char* problem = shared_word(address, bytes, "reads", word).on_read(by)) {
            throw Fault(in_shared(problem, address, shared_base));
        }
    }
}

void Block::on_shared_write(const void* address, size_t bytes) {
    for (size_t word = 0; word * 4 < bytes; word++) {
        if (const char* problem = shared_word(address, bytes, "writes", word).on_write(access())) {
            throw Fault(in_shared(problem, address, shared_base));
        }
    }
}

void Block::start_copy(const PendingCopy& copy) {
    on_shared_write(copy.to, (size_t)copy.size);
    for (int word = 0; word * 4 < copy.size; word++) {
        shared_word(copy.to, (size_t)copy.size, "writes", (size_t)word).landing = true;
    }
    if (copy.bytes < 0 || copy.bytes > copy.size || copy.bytes % 4 != 0) {
        throw Fault("asks an asynchronous copy for " + std::to_string(copy.bytes) + " of " + std::to_string(copy.size) +
                    " bytes");
    }
    if (reinterpret_cast<uintptr_t>(copy.from) % (size_t)copy.size != 0) {
        throw Fault("copies asynchronously from a misaligned address");
    }
    for (int at = 0; at < copy.bytes; at += 4) {
        global_memory().on_read(copy.from + at, 4, access());
    }
    pool[current]->open.push_back(copy);
}

void Block::commit_copies() {
    Thread& thread = *pool[current];
    thread.groups.push_back(std::move(thread.open));
    thread.open.clear();
}

void Block::wait_copies(size_t pending_groups) {
    Thread& thread = *pool[current];
    while (thread.groups.size() > pending_groups) {
        for (const PendingCopy& copy : thread.groups.front()) {
            land(copy);
        }
        thread.groups.pop_front();
    }
}

void Block::land(const PendingCopy& copy) {
    for (int word = 0; word * 4 < copy.size; word++) {
        shared_word(copy.to, (size_t)copy.size, "writes", (size_t)word).landing = false;
    }
    on_shared_write(copy.to, (size_t)copy.size);
    std::memcpy(copy.to, copy.from, (size_t)copy.bytes);
    std::memset(copy.to + copy.bytes, 0, (size_t)(copy.size - copy.bytes));
}

void Block::share_knowledge(Knowledge& with) {
    Knowledge& mine = pool[current]->known;
    with.resize(count);
    for (size_t i = 0; i < count; i++) {
        with[i] = std::max(with[i], mine[i]);
    }
    mine[current]++;
}

static void learn(Knowledge& known, const Knowledge& from) {
    for (size_t i = 0; i < from.size(); i++) {
        known[i] = std::max(known[i], from[i]);
    }
}

void Block::named_barrier(int id, size_t threads) {
    NamedBarrier& barrier = named_barriers[id];
    barrier.threads.push_back(current);
    if (barrier.threads.size() < threads) {
        block_until(Wait::named_barrier);
        return;
    }
    Knowledge all(count);
    for (const unsigned i : barrier.threads) {
        learn(all, pool[i]->known);
        pool[i]->known[i]++;
    }
    for (const unsigned i : barrier.threads) {
        learn(pool[i]->known, all);
        if (i != current) {
            pool[i]->wait = Wait::nothing;
        }
    }
    barrier.threads.clear();
}

Block::Mbarrier& Block::mbarrier_at(const void* address) {
    const auto found = mbarriers.find(address);
    if (found == mbarriers.end() || !access().knows(found->second.made)) {
        throw Fault("uses an mbarrier that it cannot know to be initialized");
    }
    return found->second;
}

void Block::mbarrier_init(const void* address, unsigned arrivals) {
    on_shared_write(address, 8);
    mbarriers[address] = {arrivals, arrivals, 0, 0, access(), Knowledge(count), Knowledge(count), {}};
    mbarriers[address].made.known = nullptr;
}

void Block::complete_phase(Mbarrier& mbarrier) {
    if (mbarrier.pending == 0 && mbarrier.bytes == 0) {
        mbarrier.phase ^= 1;
        mbarrier.pending = mbarrier.count;
        learn(mbarrier.passed, mbarrier.arrived);
        mbarrier_changes++;
    }
}

void Block::mbarrier_arrive(const void* address, unsigned expected_bytes) {
    Mbarrier& mbarrier = mbarrier_at(address);
    if (mbarrier.pending == 0) {
        throw Fault("arrives at an mbarrier more often than it counts");
    }
    share_knowledge(mbarrier.arrived);
    mbarrier.bytes += expected_bytes;
    mbarrier.pending--;
    complete_phase(mbarrier);
}

void Block::mbarrier_wait(const void* address, unsigned parity) {
    Mbarrier& mbarrier = mbarrier_at(address);
    while (mbarrier.phase == parity) {
        for (const BulkCopy& copy : mbarrier.copies) {
            for (unsigned at = 0; at < copy.bytes; at += 4) {
                shared_word(copy.to + at, 4, "writes", 0).landing = false;
            }
            std::memcpy(copy.to, copy.from, copy.bytes);
            learn(mbarrier.arrived, copy.known);
            mbarrier.bytes -= copy.bytes;
        }
        mbarrier.copies.clear();
        complete_phase(mbarrier);
        if (mbarrier.phase == parity) {
            pool[current]->seen_changes = mbarrier_changes;
            block_until(Wait::mbarrier);
        }
    }
    learn(pool[current]->known, mbarrier.passed);
}

void Block::start_bulk_copy(uint8_t* to, const uint8_t* from, unsigned bytes, const void* address) {
    Mbarrier& mbarrier = mbarrier_at(address);
    if (bytes == 0 || bytes % 16 != 0 || reinterpret_cast<uintptr_t>(from) % 16 != 0) {
        throw Fault("bulk copies in other than whole, aligned 16 bytes");
    }
    BulkTarget* target = nullptr;
    for (BulkTarget& known : bulk_targets) {
        if (known.begin == to && known.bytes == bytes) {
            target = &known;
        }
    }
    if (target == nullptr) {
        bulk_targets.push_back({to, bytes, Knowledge(count), epoch});
        target = &bulk_targets.back();
    }
    for (size_t i = 0; i < count && target->epoch == epoch; i++) {
        if (i != current && target->readers[i] > pool[current]->known[i]) {
            throw Fault("bulk copies over what thread " + std::to_string(i) + " may still read");
        }
    }
    target->readers.assign(count, 0);
    for (unsigned at = 0; at < bytes; at += 4) {
        global_memory().on_read(from + at, 4, access());
        shared_word(to + at, 4, "writes", 0).forget_readers();
        on_shared_write(to + at, 4);
        shared_word(to + at, 4, "writes", 0).landing = true;
    }
    mbarrier.copies.push_back({to, from, bytes, pool[current]->known});
    mbarrier_changes++; // those who wait can now have it land
    pool[current]->known[current]++;
}

void Block::wait_for_kernels_before() {
    pool[current]->early = false;
}

void Block::let_next_kernel_start() {
    if (pool[current]->early) {
        throw Fault("lets the next kernel start before it has waited for those before itself");
    }
}

void Block::fence_registers(const std::vector<Registers>& registers) {
    Thread& thread = *pool[current];
    thread.fenced.clear();
    for (const Registers& part : registers) {
        const uint8_t* begin = static_cast<const uint8_t*>(part.begin);
        thread.fenced.push_back({begin, std::vector<uint8_t>(begin, begin + part.bytes)});
    }
}

void Block::check_fenced(const PendingProduct& product) const {
    for (const Registers& part : {Registers{product.sums, product.columns / 2 * sizeof *product.sums},
                                  Registers{product.a, sizeof product.a}}) {
        const uint8_t* begin = static_cast<const uint8_t*>(part.begin);
        bool found = false;
        for (const FencedRegisters& fenced : pool[current]->fenced) {
            const uint8_t* end = fenced.begin + fenced.values.size();
            found = found || (fenced.begin <= begin && begin + part.bytes <= end &&
                              std::memcmp(begin, &fenced.values[(size_t)(begin - fenced.begin)], part.bytes) == 0);
        }
        if (!found) {
            throw Fault(part.begin == product.sums ? "multiplies into sums that were touched since the last fence"
                                                   : "multiplies an A that was touched since the last fence");
        }
    }
}

void Block::start_product(const PendingProduct& product) {
    check_fenced(product);
    pool[current]->open_products.push_back(product);
}

void Block::commit_products() {
    Thread& thread = *pool[current];
    thread.product_groups.push_back(std::move(thread.open_products));
    thread.open_products.clear();
}

void Block::wait_products(size_t pending_groups, void (*multiply)(const PendingProduct& product)) {
    Thread& thread = *pool[current];
    for (size_t i = 0; i + pending_groups < thread.product_groups.size(); i++) {
        for (const PendingProduct& product : thread.product_groups[i]) {
            check_fenced(product);
        }
    }
    while (thread.product_groups.size() > pending_groups) {
        const std::vector<PendingProduct> group = std::move(thread.product_groups.front());
        thread.product_groups.pop_front();
        for (const PendingProduct& product : group) {
            multiply(product);
        }
    }
    for (FencedRegisters& fenced : thread.fenced) {
        fenced.values.assign(fenced.begin, fenced.begin + fenced.values.size());
    }
}

Block& running_block() {
    static Block block;
    return block;
}

} // namespace emulation
