#pragma once

#include "epilogue/scatter_tile.cuh"
#include "product/dense_product.cuh"

// Number i of a thread's sums.
template <class Shape>
__device__ __forceinline__ float& sum_at(WarpSums<Shape>& sums, int i) {
    constexpr int columns = Shape::WARP_TOKENS / 8;
    return sums[i / (4 * columns)][i / 4 % columns][i % 4];
}

// Writes the sums to y, or to the workspace where they are not those of all groups. As scatter_tile on shared memory.
template <class Shape, class Tiles, class Barrier>
__device__ __forceinline__ void finish_tile(WarpSums<Shape>& sums, const Tiles& tiles, const typename Tiles::Job& job,
                                            int sharer, Shared<float> tile, const Barrier& barrier) {
    if (tiles.is_whole(job)) {
        scatter_tile<Shape>(sums, scatter_channel<Shape>(tiles, job), tiles, job, tile, barrier);
        barrier();
        return;
    }
    if constexpr (Tiles::SPLITS) {
        const size_t slot = (size_t)TilePlan::slot(sharer, job.first_group == 0);
        const Global<float> to(tiles.partial + slot * Shape::SUMS * Shape::THREADS + threadIdx.x);
#pragma unroll
        for (int i = 0; i < Shape::SUMS; i++) {
            to.store((size_t)i * Shape::THREADS, sum_at<Shape>(sums, i));
        }
    }
}
