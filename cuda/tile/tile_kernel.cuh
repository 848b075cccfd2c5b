#pragma once

#include "epilogue/finish_tile.cuh"
#include "layout/architecture.cuh"
#include "ptx/grid_dependency.cuh"
#include "tile/multiply_group.cuh"
#include "tile/stage_loader.cuh"

template <class Tiles>
struct TileParameters {
    Tiles tiles;
    Activations activations;
};

// Adds the groups of a job to the block's sums. On return shared memory is free.
template <class Shape, int BITS, class Tiles>
__device__ __forceinline__ void accumulate_groups(WarpSums<Shape>& sums, const TileParameters<Tiles>& p,
                                                  const typename Tiles::Job& job) {
    using Stage = TileStage<Shape, BITS>;
    const int first = job.first_group, last = job.last_group;
    StageLoader<Shape, BITS> loader(p.tiles.template part<BITS>(job), p.tiles.n_inputs(), p.activations, job);
    const auto stage_at = [](int i) { return dynamic_shared() + i * Stage::BYTES; };
    for (int i = 0; i < Stage::STAGES - 1 && first + i < last; i++) {
        loader.load_next_weights(stage_at(i));
    }
    // The activations come from the kernel before, which may have been running until now.
    wait_for_kernels_before();
    let_next_kernel_start();
    for (int i = 0; i < Stage::STAGES - 1; i++) {
        if (first + i < last) {
            loader.load_next_activations(stage_at(i));
        }
        cp_async_commit(); // also when empty, so that the count of groups pending stays the same
    }
    int stage = 0;
    for (int group = first; group < last; group++) {
        cp_async_wait<Stage::STAGES - 2>();
        // After this, the group is here for all threads, and all have done with the one before, whose stage is
        // refilled.
        __syncthreads();
        if (group + Stage::STAGES - 1 < last) {
            loader.load_next(stage_at(stage == 0 ? Stage::STAGES - 1 : stage - 1));
        }
        cp_async_commit();
        multiply_group<Shape, BITS>(sums, stage_at(stage).template as<const uint8_t>());
        stage = stage == Stage::STAGES - 1 ? 0 : stage + 1;
    }
    cp_async_wait<0>();
    __syncthreads();
}

// 9 tokens and more, by mma.sync on int8. Tiles: DenseTiles or ExpertTiles. Grid: its blocks, all resident at once;
// block: Shape::THREADS.
template <class Shape, class Tiles>
__global__ void __launch_bounds__(Shape::THREADS, Shape::BLOCKS_PER_MULTIPROCESSOR)
    tile_kernel(const __grid_constant__ TileParameters<Tiles> p) {
    if constexpr (HAS_INT8_MMA) {
        const int block = (int)blockIdx.x;
        typename Tiles::template Schedule<Shape> schedule(p.tiles, block);
        typename Tiles::Job job;
        while (schedule.next(job)) {
            WarpSums<Shape> sums = {};
            if (job.is8) {
                accumulate_groups<Shape, 8>(sums, p, job);
            } else {
                accumulate_groups<Shape, 4>(sums, p, job);
            }
            finish_tile<Shape>(sums, p.tiles, job, block, dynamic_shared().template as<float>(),
                               [] { __syncthreads(); });
        }
    }
}
