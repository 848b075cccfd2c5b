#pragma once

#include "mixllm_cuda.h"
#include "tile/tile_plan.cuh"

// What plan_tiles needs to know of a TileShape.
struct TileSize {
    int rows;
    int tokens;
    int blocks_per_multiprocessor;
};

// Blocks that `device` has running at a time.
int64_t resident_blocks(const mixllm_cuda_device& device, int blocks_per_multiprocessor);

// How one product is dealt to the blocks of `device`.
TilePlan plan_tiles(const TileSize& size, const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                    int64_t tokens);
