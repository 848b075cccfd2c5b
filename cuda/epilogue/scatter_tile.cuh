#pragma once

#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "product/tile_job.cuh"
#include "tile/warp_sums.cuh"

// The output channel of the row that this thread writes in scatter_tile; -1 where the part has no such row.
template <class Shape, class Tiles>
__device__ __forceinline__ int32_t scatter_channel(const Tiles& tiles, const typename Tiles::Job& job) {
    return tiles.channel(job, job.first_row + (int)threadIdx.x % Shape::ROWS);
}

// Writes a tile's sums to y through `tile` in shared memory, so that a warp stores 32 successive rows of one token: as
// `rows` ascends and most channels have 4 bits, that is nearly one contiguous piece. tile, Shape::SCATTER_BYTES, must
// be free, and is again after the next barrier. The Shape::THREADS threads that have the sums come here; barrier() is
// one among them.
template <class Shape, class Tiles, class Barrier>
__device__ __forceinline__ void scatter_tile(const WarpSums<Shape>& sums, int32_t channel, const Tiles& tiles,
                                             const TileJob& job, Shared<float> tile, const Barrier& barrier) {
    const int thread = (int)threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int warp_row = warp % Shape::ROW_WARPS * Shape::WARP_ROWS;
    const int warp_token = warp / Shape::ROW_WARPS * Shape::WARP_TOKENS;
#pragma unroll
    for (int m = 0; m < Shape::WARP_ROWS / 16; m++) {
#pragma unroll
        for (int n = 0; n < Shape::WARP_TOKENS / 8; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int row = warp_row + 16 * m + lane / 4 + i / 2 * 8;
                const int token = warp_token + 8 * n + lane % 4 * 2 + i % 2;
                tile.store(token * Shape::SCATTER_STRIDE + row, sums[m][n][i]);
            }
        }
    }
    barrier();
    constexpr int step = Shape::THREADS / Shape::ROWS;
    const int row = thread % Shape::ROWS, start = thread / Shape::ROWS;
    const int last = min(Shape::TOKENS, job.last_token - job.first_token);
#pragma unroll 4
    for (int token = start; token < last; token += step) {
        const Global<float> y = tiles.row_of_y(job.first_token + token);
        if (channel >= 0) {
            y.store((size_t)channel, tile.load(token * Shape::SCATTER_STRIDE + row));
        }
    }
}
