#ifndef MIXLLM_LOAD_STAGE_CUH
#define MIXLLM_LOAD_STAGE_CUH

#include "layout/activations.cuh"
#include "layout/weight_part.cuh"
#include "ptx/cp_async.cuh"
#include "tile/swizzle.cuh"
#include "tile/tile_shape.cuh"

// Starts this thread's share of the copies that bring group g of a tile into a stage. Rows, inputs and tokens beyond
// the end arrive as zeros.
template <class Shape, int BITS>
__device__ __forceinline__ void load_stage(Shared<uint8_t> stage, const WeightPart& part, const Activations& a,
                                           int n_inputs, int first_row, int first_token, int g) {
    using Stage = TileStage<Shape, BITS>;
    constexpr int row_chunks = Stage::ROW_BYTES / 16;
    const int thread = (int)threadIdx.x;
    const int chunks_left = (n_inputs * BITS / 8 - g * Stage::ROW_BYTES) / 16; // of a row, from this group on

    const Global<const uint8_t> q(part.q);
    const size_t row_stride = (size_t)n_inputs * BITS / 8;
#pragma unroll
    for (int i = 0; i < Shape::ROWS * row_chunks / Shape::THREADS; i++) {
        const int at = thread + i * Shape::THREADS;
        const int row = at / row_chunks, chunk = at % row_chunks;
        const bool there = first_row + row < part.n && chunk < chunks_left;
        const size_t from =
            there ? (size_t)(first_row + row) * row_stride + (size_t)(g * Stage::ROW_BYTES + chunk * 16) : 0;
        cp_async<16>(stage + swizzled<Stage::ROW_BYTES>(row, chunk), q + from, there ? 16 : 0);
    }

    const Global<const uint8_t> x(reinterpret_cast<const uint8_t*>(a.q));
#pragma unroll
    for (int i = 0; i < Shape::TOKENS * 8 / Shape::THREADS; i++) {
        const int at = thread + i * Shape::THREADS;
        const int token = at / 8, chunk = at % 8;
        const bool there = first_token + token < a.tokens;
        const size_t from =
            there ? ((size_t)(first_token + token) * (size_t)a.groups + (size_t)g) * GROUP_SIZE + (size_t)chunk * 16
                  : 0;
        cp_async<16>(stage + (Stage::X + swizzled<GROUP_SIZE>(token, chunk)), x + from, there ? 16 : 0);
    }

    // The scales and zero points, a warp each.
    const int lane = thread % 32, warp = thread / 32;
    if (warp == 0 && lane < Shape::ROWS / 8) {
        const bool there = first_row + lane * 8 < part.n;
        const size_t from = there ? (size_t)g * (size_t)part.n + (size_t)(first_row + lane * 8) : 0;
        cp_async<16>(stage + (Stage::S_W + lane * 16), (Global<const uint16_t>(part.scale) + from).as<const uint8_t>(),
                     there ? 16 : 0);
    }
    if (warp == 1 && lane < Shape::TOKENS / 4) {
        const int left = a.tokens - (first_token + lane * 4);
        const size_t from = left > 0 ? (size_t)g * (size_t)a.token_stride + (size_t)(first_token + lane * 4) : 0;
        cp_async<16>(stage + (Stage::S_X + lane * 16), (Global<const float>(a.scale) + from).as<const uint8_t>(),
                     left >= 4  ? 16
                     : left > 0 ? left * 4
                                : 0);
    }
    if constexpr (BITS == 4) {
        if (warp == 2 && lane < Shape::ROWS / 16) {
            const bool there = first_row + lane * 16 < part.n;
            const size_t from = there ? (size_t)g * (size_t)(part.n / 2) + (size_t)(first_row / 2 + lane * 8) : 0;
            cp_async<8>(stage + (Stage::ZERO + lane * 8), Global<const uint8_t>(part.zero) + from, there ? 8 : 0);
        }
    }
}

#endif
