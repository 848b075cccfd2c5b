#pragma once

#include "layout/activations.cuh"
#include "layout/weight_part.cuh"
#include "memory/global.cuh"
#include "product/tile_job.cuh"
#include "tile/tile_plan.cuh"

// What the kernels ask of a product, which is either this one, of one weight and all tokens, or that of experts
// (expert_product.cuh): the job of a block, the rows of its weight, and where y lies. All of it is inlined.
struct DenseProduct {
    WeightView weight;
    int tokens;
    float* y;
    int64_t y_stride;

    using Job = TileJob;

    __device__ __forceinline__ int n_inputs() const { return weight.n_inputs; }

    template <int BITS>
    __device__ __forceinline__ const WeightPart& part(const Job&) const {
        return part_of<BITS>(weight);
    }

    // The output channel of a row of those of 8 or of 4 bits; -1 where there is no such row.
    __device__ __forceinline__ int32_t channel(const Job& job, int row) const {
        const WeightPart& part = job.is8 ? weight.part8 : weight.part4;
        return row < part.n ? Global<const int32_t>(part.rows).load((size_t)row) : -1;
    }

    __device__ __forceinline__ Global<float> row_of_y(int token) const {
        return Global<float>(y + (size_t)token * (size_t)y_stride);
    }

    // A tile of ROWS x TOKENS; those that share rows follow each other. False where there is none of that number.
    template <int ROWS, int TOKENS>
    __device__ __forceinline__ bool find(int tile, Job& job) const {
        int row_tile = tile, token_tile = 0;
        if (tokens > TOKENS) {
            const int token_tiles = (tokens + TOKENS - 1) / TOKENS;
            row_tile = tile / token_tiles;
            token_tile = tile - row_tile * token_tiles;
        }
        job = tile_job<ROWS, TOKENS>(row_tile, (weight.part8.n + ROWS - 1) / ROWS, token_tile, tokens);
        return true;
    }
};

inline DenseProduct dense_product(const mixllm_cuda_weight& weight, int tokens, float* y, int64_t y_stride) {
    return {view_of(weight), tokens, y, y_stride};
}

// The same, cut into tiles as `plan` says.
struct DenseTiles : DenseProduct {
    TilePlan plan;
    float* partial; // [slots][SUMS][THREADS] sums of tiles done in part

    template <class Shape>
    class Schedule {
    public:
        __device__ __forceinline__ Schedule(const DenseTiles& tiles, int block)
            : tiles(tiles), schedule(tiles.plan, block) {}

        // False when there is no more.
        __device__ __forceinline__ bool next(Job& job) {
            TileWork work;
            if (!schedule.next(work)) {
                return false;
            }
            job = tiles.job_of<Shape>(work.tile);
            job.first_group = work.first;
            job.last_group = work.last;
            return true;
        }

    private:
        const DenseTiles& tiles;
        TileSchedule schedule;
    };

    template <class Shape>
    __device__ __forceinline__ Job job_of(int tile) const {
        const TilePosition position = tile_position(plan, tile);
        return tile_job<Shape::ROWS, Shape::TOKENS>(position.row_tile, plan.row_tiles8, position.token_tile, tokens);
    }

    // Whether a job is all groups of its tile. Others leave their sums in `partial`.
    static constexpr bool SPLITS = true;
    __device__ __forceinline__ bool is_whole(const Job& job) const {
        return job.first_group == 0 && job.last_group == plan.groups;
    }
};
