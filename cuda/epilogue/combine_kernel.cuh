#ifndef MIXLLM_COMBINE_KERNEL_CUH
#define MIXLLM_COMBINE_KERNEL_CUH

#include "ptx/float_rn.cuh"
#include "tile/tile_kernel.cuh"

// Adds up the sums of each tile that several blocks of tile_kernel<Shape> did in part, groups ascending, and writes it.
// Grid: plan.split_tiles; block: Shape::THREADS.
template <class Shape>
__global__ void __launch_bounds__(Shape::THREADS) combine_kernel(const __grid_constant__ TileParameters p) {
    if constexpr (HAS_INT8_MMA) {
        const int begin = (int)blockIdx.x * p.plan.groups;
        const int first = p.plan.sharer_of(begin);
        const int last = p.plan.sharer_of(begin + p.plan.groups - 1);
        if (first == last) {
            return; // one block did it all, and has written it
        }
        WarpSums<Shape> sums;
        for (int sharer = first; sharer <= last; sharer++) {
            const size_t slot = (size_t)TilePlan::slot(sharer, sharer == first);
            const Global<const float> from(p.partial + slot * Shape::SUMS * Shape::THREADS + threadIdx.x);
#pragma unroll
            for (int i = 0; i < Shape::SUMS; i++) {
                float& sum = sums[i / (Shape::WARP_TOKENS / 2)][i / 4 % (Shape::WARP_TOKENS / 8)][i % 4];
                const float part = from.load((size_t)i * Shape::THREADS);
                sum = sharer == first ? part : add_rn(sum, part);
            }
        }
        const TilePosition position = tile_position(p.plan, p.plan.whole_tiles + (int)blockIdx.x);
        const bool is8 = position.row_tile < p.plan.row_tiles8;
        const int row_tile = is8 ? position.row_tile : position.row_tile - p.plan.row_tiles8;
        scatter_tile<Shape>(sums, is8 ? p.weight.part8 : p.weight.part4, row_tile * Shape::ROWS,
                            position.token_tile * Shape::TOKENS, p.activations.tokens, p.y, p.y_stride);
    }
}

#endif
