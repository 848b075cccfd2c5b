#pragma once

#include "activations.h"

// A thread's share of one product: tiles of 16 stored rows, first <= tile < last, in each part of the weight.
struct Share {
    int64_t first4, last4;
    int64_t first8, last8;
};

// Where the rows of a product go: y of each token, a float a channel.
struct Output {
    float* y;
    int64_t stride;        // floats from one token to the next
    const int64_t* starts; // [tokens] or where each token's row begins, in floats from y; null where they lie evenly

    float* row(int64_t token) const { return y + (starts != nullptr ? starts[token] : token * stride); }
};

// What one instruction set provides.
struct KernelSet {
    const char* isa;
    bool (*runs_here)();
    // Quantizes one group of `n` <= 128 inputs of one token: q[0..127] (zeros from n on), s_x, sum of q.
    void (*quantize_group)(const float* x, int64_t n, int8_t* q, float* scale, int32_t* sum);
    // Puts one group of `tokens` <= 16 tokens, 128 inputs at each of `from`, side by side as an ActivationCell has
    // them.
    void (*interleave)(const int8_t* const* from, int tokens, int8_t* q);
    void (*mul_mat)(const mixllm_cpu_weight& weight, const Activations& activations, const Output& output,
                    const Share& share);
    // The tiled form of the rows of a weight that has one part only (mixllm_cpu_tile).
    void (*tile_rows)(const mixllm_cpu_weight& weight, uint8_t* to);
    bool gains_by_tiles;
};
