#ifndef MIXLLM_DECODE_KERNEL_CUH
#define MIXLLM_DECODE_KERNEL_CUH

#include "layout/activations.cuh"
#include "layout/architecture.cuh"
#include "layout/row_pair_reader.cuh"
#include "layout/weight_part.cuh"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/half_to_float.cuh"
#include "ptx/mma.cuh"

// 1 to 8 tokens. The time is that of reading the weights, so each packed byte goes once from memory straight into the
// registers that the MMA takes it from, and as many bytes as registers allow are on the way at a time.
//
// A block has 16 rows; its 8 warps share the groups: warp w has groups w, w + 8, w + 16, ... and the block adds up the
// 8 partial sums. Weights and activations come in the order of RowPair.
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

// Walks a thread along the activations of its groups. Tokens that are not there are replaced by others: their sums go
// nowhere.
class DecodeInputReader {
public:
    __device__ __forceinline__ DecodeInputReader(const Activations& a, int first_group)
        : q(a.q), scale(a.scale), sum(a.sum) {
        const int lane = (int)threadIdx.x % 32;
        const int column = min(lane / 4, a.tokens - 1);
        q = q + (((size_t)column * (size_t)a.groups + (size_t)first_group) * GROUP_SIZE + (size_t)(lane % 4 * 32));
        const size_t first = (size_t)first_group * (size_t)a.token_stride;
        const size_t pair = (size_t)min(lane % 4 * 2, a.token_stride - 2);
        scale = scale + (first + pair);
        sum = sum + (first + pair);
        step = (size_t)DECODE_WARPS * (size_t)a.token_stride;
    }

    // Adds the product of this reader's next group and `weights` to sums: [i] is of row i / 2 * 8 after the thread's
    // first and token lane % 4 * 2 + i % 2. shift: of the thread's rows in a byte of zero points.
    template <int BITS>
    __device__ __forceinline__ void multiply_next(float (&sums)[4], const RowPair<BITS>& weights, int shift) {
        const uint4 x0 = q.as<const uint4>().load(0);
        const uint4 x1 = q.as<const uint4>().load(1);
        const float2 s_x = scale.as<const float2>().load(0);
        // The accumulators start at the bits of B = 12582912.0f, less z times the sum of x, and end, read as floats, at
        // B + S. For so few tokens this costs less than subtracting z from every weight.
        int32_t c[4] = {0x4B400000, 0x4B400000, 0x4B400000, 0x4B400000};
        if constexpr (BITS == 4) {
            const uint2 sum_x = sum.as<const uint2>().load(0);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int zero_point = weights.zero[i] >> shift & 15;
                c[2 * i] -= zero_point * (int32_t)sum_x.x;
                c[2 * i + 1] -= zero_point * (int32_t)sum_x.y;
            }
        }
        const uint32_t x[4][2] = {{x0.x, x1.x}, {x0.y, x1.y}, {x0.z, x1.z}, {x0.w, x1.w}};
#pragma unroll
        for (int k = 0; k < 4; k++) {
            uint32_t w[4];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                if constexpr (BITS == 4) {
                    w[i] = weights.w[i][0][k] & 0x0F0F0F0F;
                    w[i + 2] = weights.w[i][0][k] >> 4 & 0x0F0F0F0F;
                } else {
                    w[i] = weights.w[i][0][k];
                    w[i + 2] = weights.w[i][1][k];
                }
            }
            mma_m16n8k32(c, w, x[k], c);
        }
        // B has 2 significant bits and s_x 22: the product is exact, and S * s_x is rounded once.
        const float scales[2] = {s_x.x, s_x.y};
        const float offsets[2] = {mul_rn(-12582912.0f, s_x.x), mul_rn(-12582912.0f, s_x.y)};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float t = fma_rn(__int_as_float(c[i]), scales[i % 2], offsets[i % 2]);
            sums[i] = fma_rn(t, half_to_float(weights.s_w[i / 2]), sums[i]);
        }
        q = q + (size_t)(DECODE_WARPS * GROUP_SIZE);
        scale = scale + step;
        sum = sum + step;
    }

private:
    Global<const int8_t> q; // of the next group
    Global<const float> scale;
    Global<const int32_t> sum;
    size_t step; // scales from one group of the warp to the next
};

// row_tile: the index of 16 rows in their part.
template <int BITS>
__device__ __forceinline__ void decode_rows(const DecodeParameters& p, int row_tile) {
    constexpr int depth = DECODE_DEPTH<BITS>;
    const WeightPart& part = part_of<BITS>(p.weight);
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    const int row = row_tile * DECODE_ROWS + lane / 4;
    const int groups = p.activations.groups;
    RowPairReader<BITS, DECODE_WARPS> weights(part, p.weight.n_inputs, row, warp, evict_first_policy());
    DecodeInputReader input(p.activations, warp);

    RowPair<BITS> ring[depth];
#pragma unroll
    for (int i = 0; i < depth; i++) {
        if (warp + i * DECODE_WARPS < groups) {
            weights.load_next(ring[i]);
        }
    }
    float sums[4] = {0, 0, 0, 0};
    for (int first = warp; first < groups; first += depth * DECODE_WARPS) {
#pragma unroll
        for (int i = 0; i < depth; i++) {
            if (first + i * DECODE_WARPS < groups) {
                input.multiply_next(sums, ring[i], row % 2 * 4);
                if (first + (i + depth) * DECODE_WARPS < groups) {
                    weights.load_next(ring[i]);
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
__global__ void __launch_bounds__(DECODE_WARPS * 32, 2) decode_kernel(const __grid_constant__ DecodeParameters p) {
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
