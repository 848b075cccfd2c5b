#pragma once

#include "decode/decode_shape.cuh"
#include "layout/activations.cuh"
#include "layout/architecture.cuh"
#include "layout/row_pair_reader.cuh"
#include "memory/global.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/half_to_float.cuh"
#include "ptx/mma.cuh"

// Walks a thread along the activations of its groups, and multiplies by mma.m16n8k32, whose N is the 8 tokens. Tokens
// that are not there are replaced by others: their sums go nowhere.
template <int WARPS_>
class DecodeMmaInput {
public:
    static constexpr int WARPS = WARPS_;
    static constexpr bool AVAILABLE = HAS_INT8_MMA;

    // The activations of a group that this thread needs: x_q of its MMA column, the rest of its two output columns.
    struct Group {
        uint4 x[2];
        float2 s_x;
        uint2 sum_x;
    };

    __device__ __forceinline__ DecodeMmaInput(const Activations& a, int first_group)
        : q(a.q), scale(a.scale), sum(a.sum) {
        const int lane = (int)threadIdx.x % 32;
        const int column = min(lane / 4, a.tokens - 1);
        q = q +
            (((size_t)column * (size_t)a.groups + (size_t)first_group) * MIXLLM_GROUP_SIZE + (size_t)(lane % 4 * 32));
        const size_t first = (size_t)first_group * (size_t)a.token_stride;
        const size_t pair = (size_t)min(lane % 4 * 2, (a.tokens - 1) / 2 * 2);
        scale = scale + (first + pair);
        sum = sum + (first + pair);
        step = (size_t)WARPS * (size_t)a.token_stride;
    }

    // The next group.
    __device__ __forceinline__ void load_next(Group& to) {
        to.x[0] = q.as<const uint4>().load(0);
        to.x[1] = q.as<const uint4>().load(1);
        to.s_x = scale.as<const float2>().load(0);
        to.sum_x = sum.as<const uint2>().load(0);
        q = q + (size_t)(WARPS * MIXLLM_GROUP_SIZE);
        scale = scale + step;
        sum = sum + step;
    }

    // Adds the product of a group and its `weights` to sums: [i] is of row i / 2 * 8 after the thread's first and token
    // lane % 4 * 2 + i % 2. shift: of the thread's rows in a byte of zero points.
    template <int BITS>
    static __device__ __forceinline__ void multiply(float (&sums)[4], const RowPair<BITS>& weights, const Group& group,
                                                    int shift) {
        // The accumulators start at the bits of B = 12582912.0f, less z times the sum of x, and end, read as floats, at
        // B + S. For so few tokens this costs less than subtracting z from every weight.
        int32_t c[4] = {0x4B400000, 0x4B400000, 0x4B400000, 0x4B400000};
        if constexpr (BITS == 4) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int zero_point = weights.zero[i] >> shift & 15;
                c[2 * i] -= zero_point * (int32_t)group.sum_x.x;
                c[2 * i + 1] -= zero_point * (int32_t)group.sum_x.y;
            }
        }
        const uint4 x0 = group.x[0], x1 = group.x[1];
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
        const float scales[2] = {group.s_x.x, group.s_x.y};
        const float offsets[2] = {mul_rn(-12582912.0f, group.s_x.x), mul_rn(-12582912.0f, group.s_x.y)};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float t = fma_rn(__int_as_float(c[i]), scales[i % 2], offsets[i % 2]);
            sums[i] = fma_rn(t, half_to_float(weights.s_w[i / 2]), sums[i]);
        }
    }

private:
    Global<const int8_t> q; // of the next group
    Global<const float> scale;
    Global<const int32_t> sum;
    size_t step; // scales from one group of the warp to the next
};
