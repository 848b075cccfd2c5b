#pragma once

#include "ptx/float_rn.cuh"
#include "ptx/half_to_float.cuh"
#include "ptx/mma.cuh"
#include "ptx/schedule_fence.cuh"
#include "tile/tile_shape.cuh"
#include "tile/warp_sums.cuh"
#include "tile/weight_fragments.cuh"

// Adds one group, whole in `stage`, to this warp's sums.
template <class Shape, int BITS>
__device__ __forceinline__ void multiply_group(WarpSums<Shape>& sums, Shared<const uint8_t> stage) {
    using Stage = TileStage<Shape, BITS>;
    constexpr int m_tiles = Shape::WARP_ROWS / 16;
    const int lane = (int)threadIdx.x % 32;
    const int warp = (int)threadIdx.x / 32;
    const int first_row = warp % Shape::ROW_WARPS * Shape::WARP_ROWS;
    const int first_token = warp / Shape::ROW_WARPS * Shape::WARP_TOKENS;

    WeightFragments w[m_tiles];
    float s_w[m_tiles][2];
#pragma unroll
    for (int m = 0; m < m_tiles; m++) {
        int zero[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const int row = first_row + 16 * m + lane / 4 + 8 * i;
            s_w[m][i] = half_to_float((stage + Stage::S_W).template as<const uint16_t>().load(row));
            if constexpr (BITS == 4) {
                zero[i] = (stage + Stage::ZERO).load(row / 2) >> (row % 2 * 4) & 15;
            }
        }
        if constexpr (BITS == 4) {
            load_fragments4(w[m], stage + (first_row + 16 * m) * Stage::ROW_BYTES, zero);
        } else {
            load_fragments8(w[m], stage + (first_row + 16 * m) * Stage::ROW_BYTES);
        }
    }

    // The accumulators start at the bits of B = 12582912.0f = 1.5 * 2^23 and end, read as floats, at B + S.
    const int32_t magic = 0x4B400000;
    const int32_t start[4] = {magic, magic, magic, magic};
    const Shared<const uint8_t> x_tile = stage + (Stage::X + first_token * MIXLLM_GROUP_SIZE);
    const int x_at = swizzled<MIXLLM_GROUP_SIZE>(lane % 8, lane / 8);
#pragma unroll
    for (int n = 0; n < Shape::WARP_TOKENS / 8; n++) {
        if (n % 2 == 0 && n > 0) {
            schedule_fence();
        }
        uint32_t x[4][2]; // the B operands of the four steps
#pragma unroll
        for (int k = 0; k < 4; k += 2) {
            // Matrices: the 8 tokens' chunks 2k, 2k + 1, 2k + 2, 2k + 3 of 16 inputs.
            uint32_t chunks[4];
            ldmatrix_x4(chunks, x_tile + (8 * n * MIXLLM_GROUP_SIZE + next_chunk(x_at, 2 * k)));
            x[k][0] = chunks[0], x[k][1] = chunks[1];
            x[k + 1][0] = chunks[2], x[k + 1][1] = chunks[3];
        }
        const float2 s_x = (stage + Stage::S_X).template as<const float2>().load((first_token + 8 * n) / 2 + lane % 4);
        // B has 2 significant bits and s_x 22: the product is exact, and S * s_x below is rounded once.
        const float offset[2] = {mul_rn(-12582912.0f, s_x.x), mul_rn(-12582912.0f, s_x.y)};
        const float scale[2] = {s_x.x, s_x.y};
        int32_t c[m_tiles][4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
#pragma unroll
            for (int m = 0; m < m_tiles; m++) {
                if (k == 0) {
                    mma_m16n8k32(c[m], w[m][k], x[k], start);
                } else {
                    mma_m16n8k32(c[m], w[m][k], x[k], c[m]);
                }
            }
        }
#pragma unroll
        for (int m = 0; m < m_tiles; m++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float t = fma_rn(__int_as_float(c[m][i]), scale[i % 2], offset[i % 2]);
                sums[m][n][i] = fma_rn(t, s_w[m][i / 2], sums[m][n][i]);
            }
        }
    }
}
