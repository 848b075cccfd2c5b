#pragma once

#include "layout/wgmma_activations.cuh"

// How a block of the wgmma kernel computes a tile of 128 rows x 128 tokens: two warpgroups multiply, 64 rows each, 16 a
// warp, and one more brings the activations. The sums lie in their threads as in the kernels on mma.sync.
struct WgmmaShape {
    static constexpr int ROWS = 128;
    static constexpr int TOKENS = WGMMA_TOKENS;
    static constexpr int ROW_WARPS = 8;
    static constexpr int TOKEN_WARPS = 1;
    static constexpr int WARP_ROWS = 16;
    static constexpr int WARP_TOKENS = TOKENS;
    static constexpr int THREADS = ROW_WARPS * TOKEN_WARPS * 32; // that have sums
    static constexpr int SUMS = WARP_ROWS * WARP_TOKENS / 32;    // a thread
    static constexpr int BLOCKS_PER_MULTIPROCESSOR = 1;
    static constexpr int SCATTER_STRIDE = ROWS + 4;
    static constexpr int SCATTER_BYTES = TOKENS * SCATTER_STRIDE * 4;

    // Shared memory: the stages, the sums on their way out (apart, so that the next tile's activations come meanwhile),
    // then for each stage an mbarrier that it is full and one that it is empty.
    static constexpr int STAGES = 8;
    static constexpr int SCATTER = STAGES * WGMMA_RECORD_BYTES;
    static constexpr int BARRIERS = SCATTER + SCATTER_BYTES;
    static constexpr int SHARED_BYTES = BARRIERS + STAGES * 2 * 8;
    static_assert(SHARED_BYTES <= 227 * 1024, "what a block can have on sm_90");
};
