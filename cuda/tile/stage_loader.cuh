#pragma once

#include "layout/activations.cuh"
#include "layout/weight_part.cuh"
#include "product/tile_job.cuh"
#include "ptx/cp_async.cuh"
#include "tile/swizzle.cuh"
#include "tile/tile_shape.cuh"

// This thread's share of the copies that bring the groups of a tile into stages, one group after another. Rows, inputs
// and tokens beyond the end arrive as zeros.
//
// Each thread copies one 16-byte chunk of every W_STEP-th row and of every X_STEP-th token, and 8 bytes of the scales
// and zero points: threads 0-31 of s_w, the next TOKENS / 2 of s_x, threads 96-103 of the zero points.
template <class Shape, int BITS>
class StageLoader {
    using Stage = TileStage<Shape, BITS>;
    static constexpr int W_CHUNKS = Stage::ROW_BYTES / 16; // of a row
    static constexpr int W_STEP = Shape::THREADS / W_CHUNKS;
    static constexpr int X_STEP = Shape::THREADS / 8;
    static_assert(W_STEP % 8 == 0 && X_STEP % 8 == 0,
                  "the swizzle, of period 8, is then the same for all of a thread's");
    static_assert(32 + Shape::TOKENS / 2 <= 96 && Shape::THREADS >= 104, "the small copies have a thread each");

public:
    __device__ __forceinline__ StageLoader(const WeightPart& part, int n_inputs, const Activations& a,
                                           const TileJob& job)
        : w(part.q), x(reinterpret_cast<const uint8_t*>(a.q)), small(w) {
        const int thread = (int)threadIdx.x;
        const int first_row = job.first_row, first_token = job.first_token, last_token = job.last_token;
        const int first_group = job.first_group;
        const size_t group = (size_t)first_group;

        const int row = thread / W_CHUNKS, w_chunk = thread % W_CHUNKS;
        const int row_bytes = n_inputs / 8 * BITS;
        const int w_offset = first_group * Stage::ROW_BYTES + w_chunk * 16;
        w = w + ((size_t)(first_row + row) * (size_t)row_bytes + (size_t)w_offset);
        w_step = (size_t)W_STEP * (size_t)row_bytes;
        w_to = swizzled<Stage::ROW_BYTES>(row, w_chunk);
        rows_left = part.n - first_row - row;
        bytes_left = row_bytes - w_offset;

        const int token = thread / 8, x_chunk = thread % 8;
        const size_t x_row = (size_t)a.groups * MIXLLM_GROUP_SIZE;
        x = x + ((size_t)(first_token + token) * x_row + group * MIXLLM_GROUP_SIZE + (size_t)(x_chunk * 16));
        x_step = (size_t)X_STEP * x_row;
        x_to = Stage::X + swizzled<MIXLLM_GROUP_SIZE>(token, x_chunk);
        tokens_left = last_token - first_token - token;

        if (thread < 32) {
            small_of = Small::weights;
            set_small(Stage::S_W + thread * 8, Global<const uint16_t>(part.scale).template as<const uint8_t>(),
                      (size_t)part.n * 2, group, (size_t)(first_row * 2 + thread * 8),
                      (part.n - first_row) * 2 - thread * 8);
        } else if (thread < 32 + Shape::TOKENS / 2) {
            small_of = Small::activations;
            const int at = (thread - 32) * 8;
            set_small(Stage::S_X + at, Global<const float>(a.scale).template as<const uint8_t>(),
                      (size_t)a.token_stride * 4, group, (size_t)first_token * 4 + (size_t)at,
                      (last_token - first_token) * 4 - at);
        } else if (BITS == 4 && thread >= 96 && thread < 96 + Shape::ROWS / 16) {
            small_of = Small::weights;
            const int at = (thread - 96) * 8;
            set_small(Stage::ZERO + at, Global<const uint8_t>(part.zero), (size_t)(part.n / 2), group,
                      (size_t)(first_row / 2 + at), (part.n - first_row) / 2 - at);
        }
    }

    // Starts the copies of the next group.
    __device__ __forceinline__ void load_next(Shared<uint8_t> stage) {
        copy_weights(stage);
        copy_activations(stage);
        if (small_of != Small::none) {
            copy_small(stage);
        }
    }

    // The same in halves: weights of several groups may go ahead of their activations.
    __device__ __forceinline__ void load_next_weights(Shared<uint8_t> stage) {
        copy_weights(stage);
        if (small_of == Small::weights) {
            copy_small(stage);
        }
    }
    __device__ __forceinline__ void load_next_activations(Shared<uint8_t> stage) {
        copy_activations(stage);
        if (small_of == Small::activations) {
            copy_small(stage);
        }
    }

private:
    // What the thread's 8 bytes belong to.
    enum class Small { none, weights, activations };

    __device__ __forceinline__ void copy_weights(Shared<uint8_t> stage) {
#pragma unroll
        for (int i = 0; i < Shape::ROWS / W_STEP; i++) {
            const bool there = i * W_STEP < rows_left && bytes_left > 0;
            cp_async<16>(stage + (w_to + i * W_STEP * Stage::ROW_BYTES), w + (size_t)i * w_step, there ? 16 : 0);
        }
        w = w + (size_t)Stage::ROW_BYTES;
        bytes_left -= Stage::ROW_BYTES;
    }

    __device__ __forceinline__ void copy_activations(Shared<uint8_t> stage) {
#pragma unroll
        for (int i = 0; i < Shape::TOKENS / X_STEP; i++) {
            cp_async<16>(stage + (x_to + i * X_STEP * MIXLLM_GROUP_SIZE), x + (size_t)i * x_step,
                         i * X_STEP < tokens_left ? 16 : 0);
        }
        x = x + (size_t)MIXLLM_GROUP_SIZE;
    }

    __device__ __forceinline__ void copy_small(Shared<uint8_t> stage) {
        cp_async<8>(stage + small_to, small, small_bytes);
        small = small + small_step;
    }

    // from: [G][row_bytes]; left: bytes of the tile's part of a row that lie at or after `offset`.
    __device__ __forceinline__ void set_small(int to, Global<const uint8_t> from, size_t row_bytes, size_t group,
                                              size_t offset, int left) {
        small_to = to;
        small_step = row_bytes;
        small = from + (group * row_bytes + offset);
        small_bytes = max(0, min(8, left));
    }

    Global<const uint8_t> w, x, small; // where the next group's first copies come from
    size_t w_step, x_step;             // bytes from one of a thread's rows, or tokens, to the next
    size_t small_step = 0;             // bytes from one group to the next
    Small small_of = Small::none;
    int w_to, x_to, small_to = 0; // where in a stage the first copies go
    int small_bytes = 0;
    int rows_left, bytes_left, tokens_left;
};
