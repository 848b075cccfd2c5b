#pragma once

#include "decode/decode_shape.cuh"
#include "layout/activations.cuh"
#include "layout/row_pair_reader.cuh"
#include "memory/global.cuh"
#include "ptx/dp4a.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/half_to_float.cuh"

// What DecodeMmaInput does, by dp4a: a thread multiplies its weights by every token's inputs 32t to 32t + 31, the four
// threads of two rows add up their products, and each takes those of its two tokens.
template <int WARPS_>
class DecodeDp4aInput {
public:
    static constexpr int WARPS = WARPS_;
    static constexpr bool AVAILABLE = true;

    // Nothing is loaded ahead: the activations of 8 tokens would take too many registers.
    struct Group {};

    __device__ __forceinline__ DecodeDp4aInput(const Activations& a, int first_group)
        : q(a.q), scale(a.scale), sum(a.sum), tokens(a.tokens) {
        const int t = (int)threadIdx.x % 4;
        token_step = (size_t)a.groups * MIXLLM_GROUP_SIZE;
        q = q + (size_t)(first_group * MIXLLM_GROUP_SIZE + 32 * t);
        const size_t first = (size_t)first_group * (size_t)a.token_stride + (size_t)min(2 * t, (a.tokens - 1) / 2 * 2);
        scale = scale + first;
        sum = sum + first;
        step = (size_t)WARPS * (size_t)a.token_stride;
    }

    __device__ __forceinline__ void load_next(Group&) {}

    // As DecodeMmaInput::multiply, with the group after the one it multiplied last.
    template <int BITS>
    __device__ __forceinline__ void multiply(float (&sums)[4], const RowPair<BITS>& weights, const Group&, int shift) {
        int32_t dots[4] = {0, 0, 0, 0};
#pragma unroll
        for (int token = 0; token < DECODE_TOKENS; token++) {
            if (token < tokens) {
                const Global<const uint4> from = (q + (size_t)token * token_step).as<const uint4>();
                const uint4 low = from.load(0), high = from.load(1);
                const uint32_t lows[4] = {low.x, low.y, low.z, low.w};
                const uint32_t highs[4] = {high.x, high.y, high.z, high.w};
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    int32_t dot = 0;
#pragma unroll
                    for (int k = 0; k < 4; k++) {
                        if constexpr (BITS == 4) {
                            dot = dp4a(weights.w[i][0][k] & 0x0F0F0F0F, lows[k], dot);
                            dot = dp4a(weights.w[i][0][k] >> 4 & 0x0F0F0F0F, highs[k], dot);
                        } else {
                            dot = dp4a(weights.w[i][0][k], lows[k], dot);
                            dot = dp4a(weights.w[i][1][k], highs[k], dot);
                        }
                    }
                    dot += __shfl_xor_sync(0xFFFFFFFF, dot, 1);
                    dot += __shfl_xor_sync(0xFFFFFFFF, dot, 2);
                    if ((int)threadIdx.x % 4 == token / 2) {
                        dots[2 * i + token % 2] = dot;
                    }
                }
            }
        }
        const float2 s_x = scale.as<const float2>().load(0);
        if constexpr (BITS == 4) {
            const uint2 sum_x = sum.as<const uint2>().load(0);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int zero_point = weights.zero[i] >> shift & 15;
                dots[2 * i] -= zero_point * (int32_t)sum_x.x;
                dots[2 * i + 1] -= zero_point * (int32_t)sum_x.y;
            }
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float t = mul_rn((float)dots[i], i % 2 == 0 ? s_x.x : s_x.y);
            sums[i] = fma_rn(t, half_to_float(weights.s_w[i / 2]), sums[i]);
        }
        q = q + (size_t)(WARPS * MIXLLM_GROUP_SIZE);
        scale = scale + step;
        sum = sum + step;
    }

private:
    Global<const int8_t> q; // of the next group, token 0
    Global<const float> scale;
    Global<const int32_t> sum;
    size_t step;       // scales from one group of the warp to the next
    size_t token_step; // bytes from one token to the next
    int tokens;
};
