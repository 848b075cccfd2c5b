#include "dispatch/plan_tiles.h"

#include "layout/activations.cuh"

#include <algorithm>

// A run shorter than this many groups costs more in filling the pipeline and in combining than it gains.
static const int64_t least_groups = 4;

int64_t resident_blocks(const mixllm_cuda_device& device, int blocks_per_multiprocessor) {
    return (int64_t)std::max(device.multiprocessors, 1) * blocks_per_multiprocessor;
}

TilePlan plan_tiles(const TileSize& size, const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                    int64_t tokens) {
    TilePlan plan;
    plan.row_tiles8 = (int)(round_up(weight.n8, size.rows) / size.rows);
    plan.row_tiles = plan.row_tiles8 + (int)(round_up(weight.n4, size.rows) / size.rows);
    plan.token_tiles = (int)(round_up(tokens, size.tokens) / size.tokens);
    plan.groups = group_count(weight.n_inputs);
    const int64_t tiles = (int64_t)plan.row_tiles * plan.token_tiles;
    const int64_t resident = resident_blocks(device, size.blocks_per_multiprocessor);
    plan.whole_tiles = (int)(tiles / resident * resident);
    plan.split_tiles = (int)(tiles - plan.whole_tiles);
    const int64_t runs = (int64_t)plan.split_tiles * plan.groups / least_groups;
    plan.sharers = plan.split_tiles == 0 ? 0 : (int)std::min(resident, std::max<int64_t>(plan.split_tiles, runs));
    const int steps = plan.split_tiles * plan.groups;
    plan.run = plan.sharers == 0 ? 0 : steps / plan.sharers;
    plan.longer = plan.sharers == 0 ? 0 : steps % plan.sharers;
    plan.blocks = (int)std::max<int64_t>(std::min(tiles, resident), plan.sharers);
    return plan;
}
