#pragma once

#include "memory/global.cuh"
#include "mixllm_cuda.h"
#include "ptx/dp4a.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/grid_dependency.cuh"
#include "ptx/warp_reduce.cuh"
#include "quantize/store_routed.cuh"

enum { QUANTIZE_WARPS = 8 };

// Destination: Activations, WgmmaActivations or RoutedActivations.
template <class Destination>
struct QuantizeParameters {
    mixllm_cuda_input input;
    Destination activations;
    int n_inputs;
    int blocks_per_token; // ceil(groups / QUANTIZE_WARPS)
    bool aligned;         // every row starts at a multiple of 16 bytes
};

// One warp a token and group, four inputs a lane. Grid: tokens (those the destination has room for) * blocks_per_token;
// block: QUANTIZE_WARPS warps.
template <class Destination>
__global__ void __launch_bounds__(QUANTIZE_WARPS * 32)
    quantize_kernel(const __grid_constant__ QuantizeParameters<Destination> p) {
    wait_for_kernels_before();
    let_next_kernel_start();
    const int token = (int)(blockIdx.x / (unsigned)p.blocks_per_token);
    const int lane = (int)threadIdx.x % 32;
    const int group = (int)(blockIdx.x % (unsigned)p.blocks_per_token) * QUANTIZE_WARPS + (int)threadIdx.x / 32;
    if (group >= p.activations.groups) {
        return;
    }
    const int size0 = (int)p.input.size[0], size1 = (int)p.input.size[1];
    const int slice = token / size0;
    const int input = group * MIXLLM_GROUP_SIZE + lane * 4;
    float x[4] = {0, 0, 0, 0};
    if (input < p.n_inputs && token < p.activations.tokens) {
        const Global<const float> row(p.input.x + token % size0 * p.input.stride[0] +
                                      slice % size1 * p.input.stride[1] + slice / size1 * p.input.stride[2]);
        if (p.aligned) {
            const float4 four = row.template as<const float4>().load((size_t)input / 4);
            x[0] = four.x, x[1] = four.y, x[2] = four.z, x[3] = four.w;
        } else {
            for (int i = 0; i < 4; i++) {
                x[i] = row.load((size_t)(input + i));
            }
        }
    }

    // As integers, the bits of non-negative floats are in the order of their values, and NaN lies above infinity.
    uint32_t amax_bits = 0;
    for (int i = 0; i < 4; i++) {
        amax_bits = max(amax_bits, __float_as_uint(x[i]) & 0x7FFFFFFF);
    }
    amax_bits = warp_max(amax_bits);
    const uint32_t scale_bits = __float_as_uint(div_rn(__uint_as_float(amax_bits), 127.0f)) & 0xFFFFFFFC;
    const bool finite = amax_bits < 0x7F800000;
    const bool usable = finite && scale_bits >= 0x00800000;
    uint32_t packed = 0;
    if (usable) {
        for (int i = 0; i < 4; i++) {
            // Adding 1.5 * 2^23 rounds half to even and leaves the integer in the low bits.
            const float shifted = add_rn(div_rn(x[i], __uint_as_float(scale_bits)), 12582912.0f);
            const int q = max(-127, min(127, __float_as_int(shifted) - 0x4B400000));
            packed |= ((uint32_t)q & 0xFF) << (8 * i);
        }
    }
    const int32_t sum = warp_sum(dp4a(packed, 0x01010101, 0));

    const uint32_t not_a_number = 0x7FC00000;
    const float scale = __uint_as_float(usable ? scale_bits : finite ? 0 : not_a_number);
    store_quantized(p.activations, token, group, lane, packed, scale, sum);
}
