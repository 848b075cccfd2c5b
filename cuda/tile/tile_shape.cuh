#pragma once

#include "layout/activations.cuh"

// How a block computes a tile of 128 rows x TOKENS tokens. Its warps are laid out 4 along the rows times TOKEN_WARPS
// along the tokens; each has 32 rows x WARP_TOKENS tokens:
//
//                  tokens 0..WARP_TOKENS-1     ...
//     rows  0..31         warp 0               warp 4
//     rows 32..63         warp 1               warp 5
//     rows 64..95         warp 2               warp 6
//     rows 96..127        warp 3               warp 7
//
// 32 x 64 a warp keeps the sums in 64 registers a thread and unpacks each weight of the tile once per 64 tokens.
template <int TOKENS_>
struct TileShape {
    static constexpr int ROWS = 128;
    static constexpr int TOKENS = TOKENS_;
    static constexpr int ROW_WARPS = 4;
    static constexpr int TOKEN_WARPS = TOKENS <= 64 ? 1 : TOKENS / 64;
    static constexpr int WARP_ROWS = ROWS / ROW_WARPS;
    static constexpr int WARP_TOKENS = TOKENS / TOKEN_WARPS;
    static constexpr int THREADS = ROW_WARPS * TOKEN_WARPS * 32;
    static constexpr int SUMS = WARP_ROWS * WARP_TOKENS / 32; // a thread
    static_assert(TOKENS % 16 == 0 && WARP_TOKENS % 16 == 0, "a warp takes tokens 16 at a time");

    // What shared memory a block may take: 100 KiB is the least of the GPUs that run this (86, 89, 120), of which each
    // block costs 1 KiB more. Two blocks of 4 warps or one of 8 fit.
    static constexpr int BLOCKS_PER_MULTIPROCESSOR = THREADS == 128 ? 2 : 1;
    static constexpr int SHARED_LIMIT = 100 * 1024 / BLOCKS_PER_MULTIPROCESSOR - 1024;

    // The sums on their way out: [TOKENS][ROWS] floats, rows padded so that a warp's fragments meet distinct banks.
    static constexpr int SCATTER_STRIDE = ROWS + 4;
    static constexpr int SCATTER_BYTES = TOKENS * SCATTER_STRIDE * 4;
};

// One group of 128 inputs of a tile in shared memory: the stage of the asynchronous pipeline.
template <class Shape, int BITS>
struct TileStage {
    static constexpr int ROW_BYTES = MIXLLM_GROUP_SIZE * BITS / 8;
    static constexpr int X = Shape::ROWS * ROW_BYTES;                 // after the weights: [TOKENS][128] x_q
    static constexpr int S_W = X + Shape::TOKENS * MIXLLM_GROUP_SIZE; // [ROWS] binary16
    static constexpr int S_X = S_W + Shape::ROWS * 2;                 // [TOKENS] float
    static constexpr int ZERO = S_X + Shape::TOKENS * 4; // [ROWS/2] two zero points a byte, 4-bit rows only
    static constexpr int BYTES = ZERO + (BITS == 4 ? Shape::ROWS / 2 : 0);

    // As many as fit, up to 5: more hide no more latency.
    static constexpr int FIT = Shape::SHARED_LIMIT / BYTES;
    static constexpr int STAGES = FIT > 5 ? 5 : FIT;
    static_assert(STAGES >= 2, "copies overlap the arithmetic only from two stages up");
    static_assert(BYTES % 16 == 0, "each stage starts at a multiple of 16 bytes, which cp.async needs");
};

template <class Shape>
constexpr int tile_shared_bytes() {
    constexpr int four = TileStage<Shape, 4>::STAGES * TileStage<Shape, 4>::BYTES;
    constexpr int eight = TileStage<Shape, 8>::STAGES * TileStage<Shape, 8>::BYTES;
    constexpr int stages = four > eight ? four : eight;
    static_assert(Shape::SCATTER_BYTES <= Shape::SHARED_LIMIT, "the epilogue reuses the memory of the stages");
    return stages > Shape::SCATTER_BYTES ? stages : Shape::SCATTER_BYTES;
}
