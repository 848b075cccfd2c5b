#pragma once

#include "epilogue/scatter_tile.cuh"
#include "tile/tile_plan.cuh"

// What becomes of the sums of tiles.
struct TileOutput {
    WeightView weight;
    TilePlan plan;
    int tokens;
    float* y;
    int64_t y_stride;
    float* partial; // [slots][SUMS][THREADS] sums of tiles done in part
};

// Where a tile lies: its rows among those of 4 or of 8 bits, and its tokens.
struct TileOrigin {
    bool is8;
    int first_row, first_token;
};

template <class Shape>
__device__ __forceinline__ TileOrigin tile_origin(const TilePlan& plan, int tile) {
    const TilePosition position = tile_position(plan, tile);
    const bool is8 = position.row_tile < plan.row_tiles8;
    return {is8, (is8 ? position.row_tile : position.row_tile - plan.row_tiles8) * Shape::ROWS,
            position.token_tile * Shape::TOKENS};
}

// Number i of a thread's sums.
template <class Shape>
__device__ __forceinline__ float& sum_at(WarpSums<Shape>& sums, int i) {
    constexpr int columns = Shape::WARP_TOKENS / 8;
    return sums[i / (4 * columns)][i / 4 % columns][i % 4];
}

// Writes the sums to y, or to the workspace where they are not those of all groups. As scatter_tile on shared memory.
template <class Shape, class Barrier>
__device__ __forceinline__ void finish_tile(WarpSums<Shape>& sums, const TileOutput& out, const TileOrigin& origin,
                                            const TileWork& work, int sharer, Shared<float> tile,
                                            const Barrier& barrier) {
    if (work.first == 0 && work.last == out.plan.groups) {
        const int32_t channel =
            scatter_channel<Shape>(origin.is8 ? out.weight.part8 : out.weight.part4, origin.first_row);
        scatter_tile<Shape>(sums, channel, origin.first_token, out.tokens, out.y, out.y_stride, tile, barrier);
        barrier();
        return;
    }
    const size_t slot = (size_t)TilePlan::slot(sharer, work.first == 0);
    const Global<float> to(out.partial + slot * Shape::SUMS * Shape::THREADS + threadIdx.x);
#pragma unroll
    for (int i = 0; i < Shape::SUMS; i++) {
        to.store((size_t)i * Shape::THREADS, sum_at<Shape>(sums, i));
    }
}
