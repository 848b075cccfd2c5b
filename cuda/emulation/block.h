#pragma once

#include "fiber.h"
#include "shadow.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdint.h>
#include <string>
#include <vector>

namespace emulation {

struct Dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr Dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

enum { WARP_THREADS = 32, MAX_WARP_BYTES = 64 };

// What one lane gives to and gets from a collective operation of its warp.
struct LaneExchange {
    alignas(16) uint8_t in[MAX_WARP_BYTES];
    alignas(16) uint8_t out[MAX_WARP_BYTES];
};

// An asynchronous copy that has not landed.
struct PendingCopy {
    uint8_t* to;
    const uint8_t* from;
    int bytes; // the rest of `size` becomes zero
    int size;
};

// What a thread knows of the others: for each, the clock up to which it knows what they did.
using Knowledge = std::vector<uint32_t>;

// A product on the tensor cores that is under way: D += A B for one thread of a warpgroup.
struct PendingProduct {
    int32_t* sums; // [columns / 8][4], as mma.m16n8k32's C, one after another
    int columns;
    const uint32_t (&a)[4]; // read while the product is under way
    uint64_t b;             // the descriptor of B in shared memory
};

// Registers of one thread, which lie in its memory here.
struct Registers {
    const void* begin;
    size_t bytes;
};

// The block that runs now: blocks run one after another, their threads as fibers that switch only where they wait.
class Block {
public:
    // Runs one block. Throws Fault.
    void run(uint64_t launch, unsigned block, Dim3 block_index, Dim3 grid, unsigned threads, size_t shared_bytes,
             const std::function<void()>& kernel, bool early);

    // For the running thread:
    unsigned thread_index() const { return current; }
    Dim3 block_index() const { return index; }
    Dim3 grid_size() const { return grid; }
    unsigned threads() const { return (unsigned)count; }
    Access access() const {
        const Knowledge& known = pool[current]->known;
        return {launch, block, current, epoch, known[current], known.data(), false, pool[current]->early};
    }
    uint8_t* shared() { return shared_base; }

    // Waits for all threads of the block.
    void barrier();

    // Waits for all 32 lanes of the warp to come here with the same `name`; the last to come runs `work` on all 32
    // exchanges. Returns this lane's exchange.
    using WarpWork = void (*)(LaneExchange* lanes);
    LaneExchange& collective(const char* name, const void* in, size_t bytes, WarpWork work);

    // Checks an access to shared memory. Throws Fault.
    void on_shared_read(const void* address, size_t bytes, bool whole_warp = false);
    void on_shared_write(const void* address, size_t bytes);

    void start_copy(const PendingCopy& copy);
    void commit_copies();
    void wait_copies(size_t pending_groups);

    // A barrier among the first threads of the block to come, `count` of them.
    void named_barrier(int id, size_t count);

    // An mbarrier, which lies in shared memory.
    void mbarrier_init(const void* address, unsigned count);
    void mbarrier_arrive(const void* address, unsigned expected_bytes);
    void mbarrier_wait(const void* address, unsigned parity);

    // Copies `bytes` from global to shared memory; they land when a thread waits for the mbarrier.
    void start_bulk_copy(uint8_t* to, const uint8_t* from, unsigned bytes, const void* mbarrier);

    // In a launch that may start early: from here on this thread knows that the kernels before are over; and from here
    // on the next one may start.
    void wait_for_kernels_before();
    void let_next_kernel_start();

    // Products may take these registers, and no others, as long as nothing but products changes them.
    void fence_registers(const std::vector<Registers>& registers);

    // Products land when they are waited for.
    void start_product(const PendingProduct& product);
    void commit_products();
    void wait_products(size_t pending_groups, void (*multiply)(const PendingProduct& product));

private:
    enum class Wait { nothing, barrier, named_barrier, mbarrier, warp, over };

    struct BulkCopy {
        uint8_t* to;
        const uint8_t* from;
        unsigned bytes;
        Knowledge known; // to the thread that started it
    };

    struct Mbarrier {
        unsigned count, pending, phase;
        int64_t bytes; // expected and not arrived
        Access made;
        Knowledge arrived, passed; // what those who arrived in this phase knew, and in all phases before
        std::vector<BulkCopy> copies;
    };

    // What bulk copies write: which threads have read it since, and when.
    struct BulkTarget {
        const uint8_t* begin;
        size_t bytes;
        Knowledge readers;
        uint32_t epoch;
    };

    struct NamedBarrier {
        std::vector<unsigned> threads;
    };

    struct FencedRegisters {
        const uint8_t* begin;
        std::vector<uint8_t> values;
    };

    struct Thread {
        Fiber fiber;
        Wait wait;
        std::vector<PendingCopy> open;               // copies since the last commit
        std::deque<std::vector<PendingCopy>> groups; // committed, oldest first
        std::vector<FencedRegisters> fenced;
        std::vector<PendingProduct> open_products;
        std::deque<std::vector<PendingProduct>> product_groups;
        Knowledge known;
        bool early;            // has not waited for the kernels before
        unsigned seen_changes; // of mbarriers, when it began to wait for one
        std::string fault;
    };

    struct Warp {
        LaneExchange lanes[WARP_THREADS];
        const char* name;
        int arrived;
    };

    static void thread_main(void* block);
    void block_until(Wait reason);
    ShadowWord& shared_word(const void* address, size_t bytes, const char* what, size_t word);
    void land(const PendingCopy& copy);
    Mbarrier& mbarrier_at(const void* address);
    void complete_phase(Mbarrier& mbarrier);
    void share_knowledge(Knowledge& with);
    void check_fenced(const PendingProduct& product) const;

    uint64_t launch = 0;
    unsigned block = 0;
    Dim3 index, grid;
    size_t count = 0;
    unsigned current = 0;
    uint32_t epoch = 0;
    size_t at_barrier = 0;
    const std::function<void()>* kernel = nullptr;
    std::vector<std::unique_ptr<Thread>> pool;
    std::vector<Warp> warps;
    std::vector<uint8_t> shared_storage;
    uint8_t* shared_base = nullptr;
    size_t shared_bytes = 0;
    std::vector<ShadowWord> shared_shadow;
    std::map<const void*, Mbarrier> mbarriers;
    std::vector<BulkTarget> bulk_targets;
    std::map<int, NamedBarrier> named_barriers;
    unsigned mbarrier_changes = 0; // phases completed and copies started in this block
};

Block& running_block();

} // namespace emulation
