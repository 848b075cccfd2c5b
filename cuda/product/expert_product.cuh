#pragma once

#include "layout/expert_stack.cuh"
#include "layout/routed_slots.cuh"
#include "product/tile_job.cuh"
#include "ptx/grid_dependency.cuh"

// The products of the slots that mixllm_cuda_route has ordered, each with its expert; answers as DenseProduct does. The
// tokens of a job are places: x is quantized in that order, and y goes to the rows of the slots there.
struct ExpertProduct {
    ExpertStack experts;
    RoutedSlots route;
    float* y;
    int64_t y_stride;
    int row_tiles; // the most that an expert has

    struct Job : TileJob {
        int expert;
    };

    __device__ __forceinline__ int n_inputs() const { return experts.n_inputs; }

    template <int BITS>
    __device__ __forceinline__ WeightPart part(const Job& job) const {
        return expert_part<BITS>(experts, job.expert);
    }

    __device__ __forceinline__ int32_t channel(const Job& job, int row) const {
        const int n4 = expert_rows4(experts, job.expert);
        const size_t first = (size_t)job.expert * (size_t)experts.n_outputs + (size_t)(job.is8 ? n4 : 0);
        const bool exists = row < (job.is8 ? experts.n_outputs - n4 : n4);
        return exists ? Global<const int32_t>(experts.rows).load(first + (size_t)row) : -1;
    }

    __device__ __forceinline__ Global<float> row_of_y(int place) const {
        const int slot = Global<const int32_t>(route.slot_at).load((size_t)place);
        return Global<float>(y + (size_t)slot * (size_t)y_stride);
    }

    // A tile of ROWS x TOKENS, TOKENS being the route's; those that share places follow each other. False where there
    // is none of that number. The route is a kernel's work, so the kernels before must be over.
    template <int ROWS, int TOKENS>
    __device__ __forceinline__ bool find(int tile, Job& job) const {
        wait_for_kernels_before();
        const int token_tile = tile / row_tiles, row_tile = tile - token_tile * row_tiles;
        const uint2 of_tile = Global<const int32_t>(route.tiles).as<const uint2>().load((size_t)token_tile);
        if (of_tile.y == 0) {
            return false;
        }
        // Slots of no expert are multiplied by one all the same: their activations make every sum a NaN.
        job.expert = min((int)of_tile.x, experts.n_experts - 1);
        const int n4 = expert_rows4(experts, job.expert), n8 = experts.n_outputs - n4;
        static_cast<TileJob&>(job) =
            tile_job<ROWS, TOKENS>(row_tile, (n8 + ROWS - 1) / ROWS, token_tile, token_tile * TOKENS + (int)of_tile.y);
        return job.first_row < (job.is8 ? n8 : n4);
    }
};

// For tiles of `rows` rows. However an expert's rows, multiples of MIXLLM_ROW_TILE, are split into 4-bit and 8-bit
// ones, it needs no more than so many.
inline ExpertProduct expert_product(const mixllm_cuda_experts& experts, const RoutedSlots& route, float* y,
                                    int64_t y_stride, int64_t rows) {
    return {stack_of(experts), route, y, y_stride, (int)((experts.n_outputs - MIXLLM_ROW_TILE + rows - 1) / rows + 1)};
}

// The same for blocks that take tiles in turn.
struct ExpertTiles : ExpertProduct {
    int blocks;

    template <class Shape>
    class Schedule {
    public:
        __device__ __forceinline__ Schedule(const ExpertTiles& tiles, int block) : tiles(tiles), tile(block) {
            wait_for_kernels_before();
            end = Global<const int32_t>(tiles.route.n_tiles).load(0) * tiles.row_tiles;
        }

        // False when there is no more.
        __device__ __forceinline__ bool next(Job& job) {
            while (tile < end) {
                const bool found = tiles.find<Shape::ROWS, Shape::TOKENS>(tile, job);
                tile += tiles.blocks;
                if (found) {
                    job.last_group = (tiles.experts.n_inputs + MIXLLM_GROUP_SIZE - 1) / MIXLLM_GROUP_SIZE;
                    return true;
                }
            }
            return false;
        }

    private:
        const ExpertTiles& tiles;
        int tile, end;
    };

    static constexpr bool SPLITS = false;
    __device__ __forceinline__ bool is_whole(const Job&) const { return true; }
};

// resident: blocks that run at a time.
inline ExpertTiles expert_tiles(const ExpertProduct& product, int64_t resident) {
    return {product, (int)std::min<int64_t>((int64_t)product.route.most_tiles * product.row_tiles, resident)};
}
