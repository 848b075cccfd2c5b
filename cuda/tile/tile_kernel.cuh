#ifndef MIXLLM_TILE_KERNEL_CUH
#define MIXLLM_TILE_KERNEL_CUH

#include "epilogue/scatter_tile.cuh"
#include "layout/architecture.cuh"
#include "tile/multiply_group.cuh"
#include "tile/stage_loader.cuh"
#include "tile/tile_plan.cuh"

struct TileParameters {
    WeightView weight;
    Activations activations;
    TilePlan plan;
    float* y;
    int64_t y_stride;
    float* partial; // [slots][SUMS][THREADS] sums of tiles done in part
};

// Adds groups first..last-1 of a tile to the block's sums. On return shared memory is free.
template <class Shape, int BITS>
__device__ __forceinline__ void accumulate_groups(WarpSums<Shape>& sums, const TileParameters& p, int first_row,
                                                  int first_token, int first, int last) {
    using Stage = TileStage<Shape, BITS>;
    StageLoader<Shape, BITS> loader(p.weight, p.activations, first_row, first_token, first);
    const auto load = [&](int group, int stage) {
        if (group < last) {
            loader.load_next(dynamic_shared() + stage * Stage::BYTES);
        }
        cp_async_commit(); // also when empty, so that the count of groups pending stays the same
    };
    for (int i = 0; i < Stage::STAGES - 1; i++) {
        load(first + i, i);
    }
    int stage = 0;
    for (int group = first; group < last; group++) {
        cp_async_wait<Stage::STAGES - 2>();
        // After this, the group is here for all threads, and all have done with the one before, whose stage is
        // refilled.
        __syncthreads();
        load(group + Stage::STAGES - 1, stage == 0 ? Stage::STAGES - 1 : stage - 1);
        multiply_group<Shape, BITS>(sums, (dynamic_shared() + stage * Stage::BYTES).template as<const uint8_t>());
        stage = stage == Stage::STAGES - 1 ? 0 : stage + 1;
    }
    cp_async_wait<0>();
    __syncthreads();
}

// Computes groups first..last-1 of a tile and writes them to y, or to the workspace where they are not all of it.
template <class Shape>
__device__ __forceinline__ void compute_tile(const TileParameters& p, int tile, int first, int last, int sharer) {
    const TilePosition position = tile_position(p.plan, tile);
    const bool is8 = position.row_tile < p.plan.row_tiles8;
    const int first_row = (is8 ? position.row_tile : position.row_tile - p.plan.row_tiles8) * Shape::ROWS;
    const int first_token = position.token_tile * Shape::TOKENS;
    WarpSums<Shape> sums = {};
    if (is8) {
        accumulate_groups<Shape, 8>(sums, p, first_row, first_token, first, last);
    } else {
        accumulate_groups<Shape, 4>(sums, p, first_row, first_token, first, last);
    }
    if (first == 0 && last == p.plan.groups) {
        scatter_tile<Shape>(sums, is8 ? p.weight.part8 : p.weight.part4, first_row, first_token, p.activations.tokens,
                            p.y, p.y_stride);
        __syncthreads();
        return;
    }
    const size_t slot = (size_t)TilePlan::slot(sharer, first == 0);
    const Global<float> out(p.partial + slot * Shape::SUMS * Shape::THREADS + threadIdx.x);
#pragma unroll
    for (int i = 0; i < Shape::SUMS; i++) {
        out.store((size_t)i * Shape::THREADS,
                  sums[i / (Shape::WARP_TOKENS / 2)][i / 4 % (Shape::WARP_TOKENS / 8)][i % 4]);
    }
}

// 9 tokens and more, by mma.sync on int8. Grid: plan.blocks, all resident at once; block: Shape::THREADS.
template <class Shape>
__global__ void __launch_bounds__(Shape::THREADS, Shape::BLOCKS_PER_MULTIPROCESSOR)
    tile_kernel(const __grid_constant__ TileParameters p) {
    if constexpr (HAS_INT8_MMA) {
        const int block = (int)blockIdx.x;
        int whole = block;
        int step = block < p.plan.sharers ? p.plan.first_step(block) : 0;
        const int end = block < p.plan.sharers ? p.plan.first_step(block + 1) : 0;
        while (true) {
            int tile = whole, first = 0, last = p.plan.groups;
            if (whole < p.plan.whole_tiles) {
                whole += p.plan.blocks;
            } else if (step < end) {
                tile = step / p.plan.groups;
                first = step - tile * p.plan.groups;
                last = min(p.plan.groups, first + end - step);
                tile += p.plan.whole_tiles;
                step += last - first;
            } else {
                break;
            }
            compute_tile<Shape>(p, tile, first, last, block);
        }
    }
}

#endif
