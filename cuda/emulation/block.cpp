#include "block.h"

#include "fault.h"
#include "global_memory.h"

#include <cstring>

namespace emulation {

void Block::run(uint64_t launch_number, unsigned block_number, Dim3 block_index, Dim3 grid_size, unsigned threads,
                size_t bytes, const std::function<void()>& kernel_call) {
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
    while (pool.size() < count) {
        pool.push_back(std::make_unique<Thread>());
    }
    for (size_t i = 0; i < count; i++) {
        Thread& thread = *pool[i];
        thread.wait = Wait::nothing;
        thread.open.clear();
        thread.groups.clear();
        thread.fault.clear();
        thread.fiber.start(thread_main, this);
    }
    size_t over = 0;
    while (over < count) {
        bool progress = false;
        for (size_t i = 0; i < count; i++) {
            Thread& thread = *pool[i];
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
                        " threads wait for ever: not all threads came to the same barrier or warp operation");
        }
    }
}

void Block::thread_main(void* self) {
    Block& block = *static_cast<Block*>(self);
    Thread& thread = *block.pool[block.current];
    try {
        (*block.kernel)();
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
        by.thread = 0x10000 + current / WARP_THREADS;
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

Block& running_block() {
    static Block block;
    return block;
}

} // namespace emulation
