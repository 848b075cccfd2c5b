#ifndef MIXLLM_DECODE_KERNEL_CUH
#define MIXLLM_DECODE_KERNEL_CUH

#include "layout/activations.cuh"
#include "layout/architecture.cuh"
#include "layout/weight_part.cuh"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/half_to_float.cuh"
#include "ptx/load_streaming.cuh"
#include "ptx/mma.cuh"

// 1 to 8 tokens. The time is that of reading the weights, so each packed byte goes once from memory straight into the
// registers that the MMA takes it from, and as many bytes as registers allow are on the way at a time.
//
// A block has 16 rows; its 8 warps share the groups: warp w has groups w, w + 8, w + 16, ... and the block adds up the
// 8 partial sums. Within a group of 128 inputs the thread with t = lane % 4 loads inputs 32t..32t+31 of rows lane / 4
// and lane / 4 + 8, and of token lane / 4, in 16-byte pieces. The MMA only asks that both operands hold the same inputs
// in the same place, so step k = 0..3 takes the k-th 32-bit word of each piece:
//
//     4 bits:  a row's one piece, word k = inputs 32t+4k.. (low nibbles, first half of the step) and 32t+16+4k.. (high)
//     8 bits:  a row's two pieces, word k of the first and of the second: the same inputs
//     x:       likewise two pieces
enum { DECODE_ROWS = 16, DECODE_WARPS = 8, DECODE_TOKENS = 8 };

// Groups a warp has on the way at a time.
template <int BITS>
constexpr int DECODE_DEPTH = BITS == 4 ? 4 : 2;

constexpr int decode_shared_bytes() {
    return DECODE_WARPS * DECODE_ROWS * DECODE_TOKENS * 4;
}

struct DecodeParameters {
    WeightView weight;
    Activations activations;
    float* y;
    int64_t y_stride;
    int row_tiles8; // of the 8-bit rows; these come first, as they take longest
};

// What a thread holds of one group.
template <int BITS>
struct DecodeGroup {
    uint32_t w[2][BITS / 4][4]; // [row][piece][word]
    uint16_t s_w[2];            // of the two rows
    uint8_t zero[2];            // the byte with the zero point of the row and its neighbour, 4-bit rows only

    // row: the first of this thread's two. Inputs beyond the last become zeros.
    __device__ __forceinline__ void load(const WeightPart& part, int n_inputs, int row, int group, uint64_t policy) {
        const int t = (int)threadIdx.x % 4;
        const bool there = group * GROUP_SIZE + 32 * t < n_inputs;
        const size_t row_stride = (size_t)n_inputs * BITS / 8;
        const size_t piece = (size_t)(group * GROUP_SIZE + 32 * t) * BITS / 8;
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int j = 0; j < BITS / 4; j++) {
                w[i][j][0] = w[i][j][1] = w[i][j][2] = w[i][j][3] = 0;
                if (there) {
                    const size_t at = (size_t)(row + 8 * i) * row_stride + piece + (size_t)(16 * j);
                    load_streaming(w[i][j], Global<const uint8_t>(part.q) + at, policy);
                }
            }
            const size_t at = (size_t)group * (size_t)part.n + (size_t)(row + 8 * i);
            s_w[i] = Global<const uint16_t>(part.scale).load(at);
            if constexpr (BITS == 4) {
                zero[i] = Global<const uint8_t>(part.zero).load(at / 2);
            }
        }
    }

    // Adds the group to sums [i]: row + i / 2 * 8, token lane % 4 * 2 + i % 2.
    __device__ __forceinline__ void multiply(float (&sums)[4], const Activations& a, int row, int group) const {
        const int lane = (int)threadIdx.x % 32;
        uint4 x[2] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
        if (lane / 4 < a.tokens) {
            const size_t cell = ((size_t)(lane / 4) * (size_t)a.groups + (size_t)group) * GROUP_SIZE;
            const Global<const uint4> from = (Global<const int8_t>(a.q) + cell).as<const uint4>();
            x[0] = from.load((size_t)(lane % 4 * 2));
            x[1] = from.load((size_t)(lane % 4 * 2 + 1));
        }
        float s_x[2] = {0, 0};
        int32_t sum_x[2] = {0, 0};
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const int token = lane % 4 * 2 + i;
            if (token < a.tokens) {
                const size_t cell = (size_t)group * (size_t)a.token_stride + (size_t)token;
                s_x[i] = Global<const float>(a.scale).load(cell);
                if constexpr (BITS == 4) {
                    sum_x[i] = Global<const int32_t>(a.sum).load(cell);
                }
            }
        }
        // The accumulators start at the bits of B = 12582912.0f, less z times the sum of x, and end, read as floats, at
        // B + S. For so few tokens this costs less than subtracting z from every weight.
        int32_t c[4] = {0x4B400000, 0x4B400000, 0x4B400000, 0x4B400000};
        if constexpr (BITS == 4) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                c[i] -= (zero[i / 2] >> (row % 2 * 4) & 15) * sum_x[i % 2];
            }
        }
        const uint32_t low[4] = {x[0].x, x[0].y, x[0].z, x[0].w};
        const uint32_t high[4] = {x[1].x, x[1].y, x[1].z, x[1].w};
#pragma unroll
        for (int k = 0; k < 4; k++) {
            uint32_t fragment[4];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                if constexpr (BITS == 4) {
                    fragment[i] = w[i][0][k] & 0x0F0F0F0F;
                    fragment[i + 2] = w[i][0][k] >> 4 & 0x0F0F0F0F;
                } else {
                    fragment[i] = w[i][0][k];
                    fragment[i + 2] = w[i][1][k];
                }
            }
            const uint32_t x_fragment[2] = {low[k], high[k]};
            mma_m16n8k32(c, fragment, x_fragment, c);
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            // B has 2 significant bits and s_x 22: the product is exact, and S * s_x is rounded once.
            const float t = fma_rn(__int_as_float(c[i]), s_x[i % 2], mul_rn(-12582912.0f, s_x[i % 2]));
            sums[i] = fma_rn(t, half_to_float(s_w[i / 2]), sums[i]);
        }
    }
};

// row_tile: the index of 16 rows in their part.
template <int BITS>
__device__ __forceinline__ void decode_rows(const DecodeParameters& p, int row_tile) {
    constexpr int depth = DECODE_DEPTH<BITS>;
    const WeightPart& part = part_of<BITS>(p.weight);
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    const int row = row_tile * DECODE_ROWS + lane / 4;
    const int groups = p.activations.groups;
    const uint64_t policy = evict_first_policy();

    DecodeGroup<BITS> ring[depth];
#pragma unroll
    for (int i = 0; i < depth; i++) {
        if (warp + i * DECODE_WARPS < groups) {
            ring[i].load(part, p.weight.n_inputs, row, warp + i * DECODE_WARPS, policy);
        }
    }
    float sums[4] = {0, 0, 0, 0};
    for (int first = warp; first < groups; first += depth * DECODE_WARPS) {
#pragma unroll
        for (int i = 0; i < depth; i++) {
            const int group = first + i * DECODE_WARPS;
            if (group < groups) {
                ring[i].multiply(sums, p.activations, row, group);
                const int next = group + depth * DECODE_WARPS;
                if (next < groups) {
                    ring[i].load(part, p.weight.n_inputs, row, next, policy);
                }
            }
        }
    }

    // [warp][token][row], then added up with the warps ascending.
    const Shared<float> partial = dynamic_shared().as<float>();
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const int token = lane % 4 * 2 + i % 2;
        partial.store((warp * DECODE_TOKENS + token) * DECODE_ROWS + lane / 4 + i / 2 * 8, sums[i]);
    }
    __syncthreads();
    const int out_row = (int)threadIdx.x % DECODE_ROWS;
    const int token = (int)threadIdx.x / DECODE_ROWS;
    if (token < p.activations.tokens) {
        float sum = partial.load(token * DECODE_ROWS + out_row);
        for (int w = 1; w < DECODE_WARPS; w++) {
            sum = add_rn(sum, partial.load((w * DECODE_TOKENS + token) * DECODE_ROWS + out_row));
        }
        const int32_t channel = Global<const int32_t>(part.rows).load((size_t)(row_tile * DECODE_ROWS + out_row));
        Global<float>(p.y).store((size_t)token * (size_t)p.y_stride + (size_t)channel, sum);
    }
}

// Grid: N / 16; block: DECODE_WARPS warps.
__global__ void __launch_bounds__(DECODE_WARPS * 32, 3) decode_kernel(const __grid_constant__ DecodeParameters p) {
    static_assert(DECODE_TOKENS == 8, "the MMA's N");
    if constexpr (HAS_INT8_MMA) {
        const int row_tile = (int)blockIdx.x;
        if (row_tile < p.row_tiles8) {
            decode_rows<8>(p, row_tile);
        } else {
            decode_rows<4>(p, row_tile - p.row_tiles8);
        }
    }
}

#endif
