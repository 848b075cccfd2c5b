#pragma once

#include "layout/routed_slots.cuh"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/grid_dependency.cuh"
#include "ptx/warp_match.cuh"
#include "ptx/warp_sync.cuh"

// Orders slots by expert, those of one expert by number: a counting sort in one block. Each warp has a stretch of the
// slots, 32 at a time, and counts those of each expert in a row of its own in shared memory, so that nothing is added
// by two at once, and the order depends on nothing but the ids.
struct RouteParameters {
    const int32_t* ids;
    int64_t token_stride, slot_stride; // of ids
    RoutedSlots to;
    int warps;
};

// Shared memory: [warps][experts] counts, then [experts] counts of all warps and [experts] numbers of the first tile,
// where experts are one more than there are, for slots that name none.
constexpr int64_t route_shared_words(int64_t n_experts, int64_t warps) {
    return (warps + 2) * (n_experts + 1);
}

// Calls with 32 slots at a time: each lane's, its expert, below 0 where there is no such slot, and the lanes with the
// same one.
template <class Call>
__device__ __forceinline__ void for_slots_of_warp(const RouteParameters& p, const Call& call) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    const int chunks = (p.to.slots + 31) / 32, chunks_each = (chunks + p.warps - 1) / p.warps;
    const int last = min(chunks, (warp + 1) * chunks_each);
    for (int chunk = warp * chunks_each; chunk < last; chunk++) {
        const int slot = 32 * chunk + lane;
        int expert = -1;
        if (slot < p.to.slots) {
            const int token = slot / p.to.per_token, in_token = slot - token * p.to.per_token;
            const Global<const int32_t> id(p.ids + token * p.token_stride + in_token * p.slot_stride);
            expert = (int)min((uint32_t)id.load(0), (uint32_t)p.to.n_experts);
        }
        call(slot, expert, warp_match((uint32_t)expert));
    }
}

// Grid: 1; block: p.warps warps.
__global__ void __launch_bounds__(1024) route_kernel(const __grid_constant__ RouteParameters p) {
    wait_for_kernels_before();
    let_next_kernel_start();
    const int thread = (int)threadIdx.x, threads = 32 * p.warps, lane = thread % 32;
    const int experts = p.to.n_experts + 1;
    const Shared<int32_t> counts = dynamic_shared().as<int32_t>();
    const Shared<int32_t> own = counts + thread / 32 * experts;
    const Shared<int32_t> totals = counts + p.warps * experts;
    const Shared<int32_t> first_tiles = totals + experts;
    for (int expert = lane; expert < experts; expert += 32) {
        own.store(expert, 0);
    }
    warp_sync();
    // The lowest of the lanes with one expert counts for all of them, and tells them how many there were before.
    const auto count = [&](int expert, uint32_t same) {
        const int lowest = __ffs((int)same) - 1;
        int before = 0;
        if (expert >= 0 && lane == lowest) {
            before = own.load(expert);
            own.store(expert, before + __popc(same));
        }
        before = __shfl_sync(0xFFFFFFFF, before, lowest);
        warp_sync();
        return before;
    };
    for_slots_of_warp(p, [&](int, int expert, uint32_t same) { count(expert, same); });
    __syncthreads();

    // Counts become the numbers of earlier warps' slots.
    for (int expert = thread; expert < experts; expert += threads) {
        int sum = 0;
        for (int warp = 0; warp < p.warps; warp++) {
            const int of_warp = counts.load(warp * experts + expert);
            counts.store(warp * experts + expert, sum);
            sum += of_warp;
        }
        totals.store(expert, sum);
    }
    __syncthreads();
    if (thread < 32) {
        int before = 0;
        for (int first = 0; first < experts; first += 32) {
            const int expert = first + lane;
            const int tiles = expert < experts ? (totals.load(expert) + p.to.tile_tokens - 1) / p.to.tile_tokens : 0;
            // of_lower and of_all: tiles of the lower lanes, and of all, among 2, 4, ... 32 neighbours.
            int of_lower = 0, of_all = tiles;
            for (int step = 1; step < 32; step *= 2) {
                const int of_others = __shfl_xor_sync(0xFFFFFFFF, of_all, step);
                of_lower += (lane & step) != 0 ? of_others : 0;
                of_all += of_others;
            }
            if (expert < experts) {
                first_tiles.store(expert, before + of_lower);
            }
            before += of_all;
        }
        if (lane == 0) {
            Global<int32_t>(p.to.n_tiles).store(0, before);
        }
        const Global<uint2> tiles = Global<int32_t>(p.to.tiles).as<uint2>();
        for (int tile = before + lane; tile < p.to.most_tiles; tile += 32) {
            tiles.store((size_t)tile, {0, 0});
        }
    }
    __syncthreads();

    for (int expert = thread; expert < experts; expert += threads) {
        const Global<uint2> tiles = Global<int32_t>(p.to.tiles).as<uint2>() + (size_t)first_tiles.load(expert);
        const int total = totals.load(expert);
        for (int first = 0; first < total; first += p.to.tile_tokens) {
            const int slots = min(p.to.tile_tokens, total - first);
            tiles.store((size_t)(first / p.to.tile_tokens), {(uint32_t)expert, (uint32_t)slots});
        }
    }
    for_slots_of_warp(p, [&](int slot, int expert, uint32_t same) {
        const int before = count(expert, same) + __popc(same & ((1u << lane) - 1));
        if (expert >= 0) {
            const int place = first_tiles.load(expert) * p.to.tile_tokens + before;
            Global<int32_t>(p.to.place).store((size_t)slot, place);
            Global<int32_t>(p.to.slot_at).store((size_t)place, slot);
        }
    });
}
