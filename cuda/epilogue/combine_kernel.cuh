#pragma once

#include "epilogue/finish_tile.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/grid_dependency.cuh"

// Adds up the sums of each tile that several blocks did in part, groups ascending, and writes it. Grid:
// plan.split_tiles; block: Shape::THREADS.
template <class Shape>
__global__ void __launch_bounds__(Shape::THREADS) combine_kernel(const __grid_constant__ DenseTiles tiles) {
    wait_for_kernels_before();
    let_next_kernel_start();
    const int begin = (int)blockIdx.x * tiles.plan.groups;
    const int first = tiles.plan.sharer_of(begin);
    const int last = tiles.plan.sharer_of(begin + tiles.plan.groups - 1);
    if (first == last) {
        return; // one block did it all, and has written it
    }
    const TileJob job = tiles.job_of<Shape>(tiles.plan.whole_tiles + (int)blockIdx.x);
    const int32_t channel = scatter_channel<Shape>(tiles, job);
    WarpSums<Shape> sums;
    for (int sharer = first; sharer <= last; sharer++) {
        const size_t slot = (size_t)TilePlan::slot(sharer, sharer == first);
        const Global<const float> from(tiles.partial + slot * Shape::SUMS * Shape::THREADS + threadIdx.x);
#pragma unroll
        for (int i = 0; i < Shape::SUMS; i++) {
            const float part = from.load((size_t)i * Shape::THREADS);
            float& sum = sum_at<Shape>(sums, i);
            sum = sharer == first ? part : add_rn(sum, part);
        }
    }
    scatter_tile<Shape>(sums, channel, tiles, job, dynamic_shared().as<float>(), [] { __syncthreads(); });
}
