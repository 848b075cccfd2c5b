#pragma once

#include "layout/activations.cuh"
#include "layout/wgmma_activations.cuh"
#include "layout/wgmma_record_offset.cuh"
#include "memory/global.cuh"
#include "ptx/float_rn.cuh"

// Each stores what a warp has quantized of one token and group: x_q of inputs 4 lane.. in `packed`, and, in every lane,
// s_x and the sum of x_q.

__device__ __forceinline__ void store_quantized(const Activations& a, int token, int group, int lane, uint32_t packed,
                                                float scale, int32_t sum) {
    const size_t word = ((size_t)token * (size_t)a.groups + (size_t)group) * (MIXLLM_GROUP_SIZE / 4) + (size_t)lane;
    Global<int8_t>(a.q).as<uint32_t>().store(word, packed);
    const size_t at = (size_t)group * (size_t)a.token_stride + (size_t)token;
    if (lane == 0) {
        Global<float>(a.scale).store(at, scale);
        Global<int32_t>(a.sum).store(at, sum);
    } else if (token == a.tokens - 1 && token + lane < a.token_stride) {
        Global<float>(a.scale).store(at + (size_t)lane, 0.0f);
        Global<int32_t>(a.sum).store(at + (size_t)lane, 0);
    }
}

__device__ __forceinline__ void store_quantized(const WgmmaActivations& a, int token, int group, int lane,
                                                uint32_t packed, float scale, int32_t) {
    const int in_tile = (int)((unsigned)token % WGMMA_TOKENS);
    const size_t record = (size_t)((unsigned)token / WGMMA_TOKENS) * (size_t)a.groups + (size_t)group;
    const Global<uint8_t> to(a.records + record * WGMMA_RECORD_BYTES);
    (to + (size_t)wgmma_record_offset(in_tile, lane)).as<uint32_t>().store(0, packed);
    if (lane < 2) {
        const size_t at = (size_t)(in_tile / 2 * 4 + lane * 2 + in_tile % 2);
        (to + (size_t)WGMMA_SCALES).as<float>().store(at, lane == 0 ? scale : mul_rn(-12582912.0f, scale));
    }
}
