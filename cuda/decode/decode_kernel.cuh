#pragma once

#include "decode/decode_shape.cuh"
#include "layout/activations.cuh"
#include "layout/row_pair_reader.cuh"
#include "layout/weight_part.cuh"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/grid_dependency.cuh"

// 1 to 8 tokens. The time is that of reading the weights, so each packed byte goes once from memory straight into the
// registers that the MMA takes it from, and as many bytes as registers allow are on the way at a time.
//
// A block has 16 rows; its W warps share the groups: warp w has groups w, w + W, w + 2W, ... and the block adds up the
// W partial sums. Weights and activations come in the order of RowPair.

// Groups a warp has on the way at a time.
template <int BITS>
constexpr int DECODE_DEPTH = BITS == 4 ? 4 : 2;

constexpr int decode_shared_bytes(int warps) {
    return warps * DECODE_ROWS * DECODE_TOKENS * 4;
}

template <class Product>
struct DecodeParameters {
    Product product;
    Activations activations;
};

template <class Input, int BITS, class Product>
__device__ __forceinline__ void decode_rows(const DecodeParameters<Product>& p, const typename Product::Job& job) {
    constexpr int depth = DECODE_DEPTH<BITS>, warps = Input::WARPS;
    const WeightPart& part = p.product.template part<BITS>(job);
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    const int row = job.first_row + lane / 4;
    const Activations activations = activations_between(p.activations, job.first_token, job.last_token);
    const int groups = activations.groups;
    RowPairReader<BITS, warps> weights(part, p.product.n_inputs(), row, warp, evict_first_policy());
    RowPair<BITS> ring[depth];
#pragma unroll
    for (int i = 0; i < depth; i++) {
        if (warp + i * warps < groups) {
            weights.load_next(ring[i]);
        }
    }
    // The output channel of the row that this thread adds up in the end. It comes from memory too, so with the weights.
    const int out_row = (int)threadIdx.x % DECODE_ROWS;
    const int32_t channel = Global<const int32_t>(part.rows).load((size_t)(job.first_row + out_row));

    // The activations come from the kernel before, which may have been running until now.
    wait_for_kernels_before();
    let_next_kernel_start();
    // While a group is multiplied, the activations of the next one are on their way: they come from L2 the first time a
    // multiprocessor reads them, and weights that have arrived are not to wait for them.
    Input input(activations, warp);
    typename Input::Group x[2];
    static_assert(depth % 2 == 0, "a group's place in x must be known at compile time, as registers have no index");
    if (warp < groups) {
        input.load_next(x[0]);
    }
    float sums[4] = {0, 0, 0, 0};
    for (int first = warp; first < groups; first += depth * warps) {
#pragma unroll
        for (int i = 0; i < depth; i++) {
            if (first + i * warps < groups) {
                if (first + (i + 1) * warps < groups) {
                    input.load_next(x[(i + 1) % 2]);
                }
                input.template multiply<BITS>(sums, ring[i], x[i % 2], row % 2 * 4);
                if (first + (i + depth) * warps < groups) {
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
    for (int token = (int)threadIdx.x / DECODE_ROWS; token < activations.tokens; token += warps * 32 / DECODE_ROWS) {
        float sum = partial.load(token * DECODE_ROWS + out_row);
        for (int w = 1; w < warps; w++) {
            sum = add_rn(sum, partial.load((w * DECODE_TOKENS + token) * DECODE_ROWS + out_row));
        }
        p.product.row_of_y(job.first_token + token).store((size_t)channel, sum);
    }
}

// Input: DecodeMmaInput or DecodeDp4aInput; Product: DenseProduct or ExpertProduct. Grid: N / 16 for each tile of
// tokens; block: Input::WARPS warps, of which a multiprocessor has 16.
template <class Input, class Product>
__global__ void __launch_bounds__(Input::WARPS * 32, 2 * DECODE_WARPS / Input::WARPS)
    decode_kernel(const __grid_constant__ DecodeParameters<Product> p) {
    if constexpr (Input::AVAILABLE) {
        typename Product::Job job;
        if (!p.product.template find<DECODE_ROWS, DECODE_TOKENS>((int)blockIdx.x, job)) {
            return;
        }
        if (job.is8) {
            decode_rows<Input, 8>(p, job);
        } else {
            decode_rows<Input, 4>(p, job);
        }
    }
}
