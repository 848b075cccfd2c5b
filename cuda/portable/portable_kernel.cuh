#pragma once

#include "layout/activations.cuh"
#include "layout/weight_part.cuh"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/dp4a.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/grid_dependency.cuh"
#include "ptx/half_to_float.cuh"

// The path of GPUs without the instructions of the others: int8 dot products of four by dp4a. Groups ascend in one
// thread, so results agree with the definition to the last bit.
//
// A block computes 64 rows x TOKENS tokens with 128 threads: thread (r, c) = (t % 16, t / 16) has rows r, r+16, r+32,
// r+48 and tokens c, c+8, ... Each group of 128 inputs passes through shared memory.
enum { PORTABLE_ROWS = 64, PORTABLE_THREADS = 128 };

// Shared memory rows are padded by 16 bytes, which keeps the 16-byte reads of 8 threads in distinct banks.
template <int TOKENS>
constexpr int portable_shared_bytes() {
    return PORTABLE_ROWS * (MIXLLM_GROUP_SIZE + 16) + TOKENS * (MIXLLM_GROUP_SIZE + 16);
}

template <class Product>
struct PortableParameters {
    Product product;
    Activations activations;
};

template <int BITS, int TOKENS, class Product>
__device__ __forceinline__ void portable_tile(const PortableParameters<Product>& p, const typename Product::Job& job) {
    static_assert(TOKENS % 8 == 0, "8 threads share the tokens of a tile");
    constexpr int row_bytes = MIXLLM_GROUP_SIZE * BITS / 8; // of one group
    constexpr int w_stride = row_bytes + 16;
    constexpr int x_stride = MIXLLM_GROUP_SIZE + 16;
    constexpr int chunk_inputs = 128 / BITS; // inputs in 16 bytes of a row
    const WeightPart& part = p.product.template part<BITS>(job);
    const Activations& a = p.activations;
    const Shared<uint8_t> w_tile = dynamic_shared();
    const Shared<uint8_t> x_tile = w_tile + PORTABLE_ROWS * (MIXLLM_GROUP_SIZE + 16);
    const int thread = (int)threadIdx.x;
    const int r = thread % 16, c = thread / 16;
    const int first_row = job.first_row, first_token = job.first_token, last_token = job.last_token;
    const int n_inputs = p.product.n_inputs();
    const size_t weight_stride = (size_t)n_inputs * BITS / 8;

    float sum[4][TOKENS / 8] = {};
    for (int g = 0; g < a.groups; g++) {
        for (int i = thread; i < PORTABLE_ROWS * row_bytes / 16; i += PORTABLE_THREADS) {
            const int row = i / (row_bytes / 16), chunk = i % (row_bytes / 16);
            uint4 value = {0, 0, 0, 0};
            if (first_row + row < part.n && g * MIXLLM_GROUP_SIZE + chunk * chunk_inputs < n_inputs) {
                const size_t at = (size_t)(first_row + row) * weight_stride + (size_t)(g * row_bytes + chunk * 16);
                value = (Global<const uint8_t>(part.q) + at).as<const uint4>().load(0);
            }
            (w_tile + row * w_stride).as<uint4>().store(chunk, value);
        }
        for (int i = thread; i < TOKENS * 8; i += PORTABLE_THREADS) {
            const int token = i / 8, chunk = i % 8;
            uint4 value = {0, 0, 0, 0};
            if (first_token + token < last_token) {
                const size_t at = ((size_t)(first_token + token) * (size_t)a.groups + (size_t)g) * MIXLLM_GROUP_SIZE;
                value = (Global<const int8_t>(a.q) + at).as<const uint4>().load((size_t)chunk);
            }
            (x_tile + token * x_stride).as<uint4>().store(chunk, value);
        }
        __syncthreads();

        int32_t dot[4][TOKENS / 8] = {};
        // 16 packed bytes of a 4-bit row meet two 16-byte chunks of x, 16 bytes of an 8-bit row meet one.
        for (int chunk = 0; chunk < row_bytes / 16; chunk++) {
            uint4 w[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                w[i] = (w_tile + (r + 16 * i) * w_stride).as<const uint4>().load(chunk);
            }
#pragma unroll
            for (int j = 0; j < TOKENS / 8; j++) {
                const Shared<const uint4> x = (x_tile + (c + 8 * j) * x_stride).as<const uint4>();
                const uint4 low = x.load(BITS == 4 ? 2 * chunk : chunk);
                const uint4 high = BITS == 4 ? x.load(2 * chunk + 1) : low;
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const uint32_t words[4] = {w[i].x, w[i].y, w[i].z, w[i].w};
                    const uint32_t lows[4] = {low.x, low.y, low.z, low.w};
                    const uint32_t highs[4] = {high.x, high.y, high.z, high.w};
#pragma unroll
                    for (int k = 0; k < 4; k++) {
                        if constexpr (BITS == 4) {
                            dot[i][j] = dp4a(words[k] & 0x0F0F0F0F, lows[k], dot[i][j]);
                            dot[i][j] = dp4a(words[k] >> 4 & 0x0F0F0F0F, highs[k], dot[i][j]);
                        } else {
                            dot[i][j] = dp4a(words[k], lows[k], dot[i][j]);
                        }
                    }
                }
            }
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int row = first_row + r + 16 * i;
            if (row >= part.n) {
                continue;
            }
            const size_t at = (size_t)g * (size_t)part.n + (size_t)row;
            const float s_w = half_to_float(Global<const uint16_t>(part.scale).load(at));
            int zero = 0;
            if constexpr (BITS == 4) {
                zero = Global<const uint8_t>(part.zero).load(at / 2) >> (row % 2 * 4) & 15;
            }
#pragma unroll
            for (int j = 0; j < TOKENS / 8; j++) {
                const int token = first_token + c + 8 * j;
                if (token < last_token) {
                    const size_t cell = (size_t)g * (size_t)a.token_stride + (size_t)token;
                    int32_t s = dot[i][j];
                    if constexpr (BITS == 4) {
                        s -= zero * Global<const int32_t>(a.sum).load(cell);
                    }
                    const float t = mul_rn((float)s, Global<const float>(a.scale).load(cell));
                    sum[i][j] = fma_rn(t, s_w, sum[i][j]);
                }
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const int row = first_row + r + 16 * i;
        if (row < part.n) {
            const size_t channel = (size_t)Global<const int32_t>(part.rows).load((size_t)row);
#pragma unroll
            for (int j = 0; j < TOKENS / 8; j++) {
                const int token = first_token + c + 8 * j;
                if (token < last_token) {
                    p.product.row_of_y(token).store(channel, sum[i][j]);
                }
            }
        }
    }
}

// TOKENS of a tile; Product: DenseProduct or ExpertProduct. Grid: row tiles of all tiles of tokens.
template <int TOKENS, class Product>
__global__ void __launch_bounds__(PORTABLE_THREADS, 2)
    portable_kernel(const __grid_constant__ PortableParameters<Product> p) {
    wait_for_kernels_before();
    let_next_kernel_start();
    typename Product::Job job;
    if (!p.product.template find<PORTABLE_ROWS, TOKENS>((int)blockIdx.x, job)) {
        return;
    }
    if (job.is8) {
        portable_tile<8, TOKENS>(p, job);
    } else {
        portable_tile<4, TOKENS>(p, job);
    }
}
