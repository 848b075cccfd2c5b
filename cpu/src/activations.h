#pragma once

#include "../mixllm_cpu.h"

// Tokens are kept in blocks of 16 (the last may have fewer). A short last group is padded with zeros.
enum { MIXLLM_BLOCK_TOKENS = 16 };

// One group of 128 inputs of one block of `tokens` tokens.
struct ActivationCell {
    int8_t* q;    // [32][tokens][4]: four inputs of each token, the next four of each, ...
    float* scale; // [tokens] s_x
    int32_t* sum; // [tokens] sum of x_q
};

// Where the quantized activations lie in the caller's buffer: all q, then all scales, then all sums.
struct Activations {
    int64_t groups;
    int64_t tokens;
    int8_t* q;
    float* scale;
    int32_t* sum;
    size_t bytes;
};

static inline Activations activations_layout(int64_t n_inputs, int64_t tokens, void* buffer) {
    const size_t groups = (size_t)mixllm_groups(n_inputs);
    const size_t cells = groups * (size_t)tokens;
    const size_t scale_bytes = (cells * sizeof(float) + 63) / 64 * 64;
    char* base = (char*)buffer;
    Activations a;
    a.groups = (int64_t)groups;
    a.tokens = tokens;
    a.q = (int8_t*)base;
    a.scale = (float*)(base + cells * MIXLLM_GROUP_SIZE);
    a.sum = (int32_t*)(base + cells * MIXLLM_GROUP_SIZE + scale_bytes);
    a.bytes = cells * MIXLLM_GROUP_SIZE + 2 * scale_bytes;
    return a;
}

static inline int64_t block_count(int64_t tokens) {
    return (tokens + MIXLLM_BLOCK_TOKENS - 1) / MIXLLM_BLOCK_TOKENS;
}

static inline int block_tokens(const Activations& a, int64_t block) {
    const int64_t left = a.tokens - block * MIXLLM_BLOCK_TOKENS;
    return (int)(left < MIXLLM_BLOCK_TOKENS ? left : (int64_t)MIXLLM_BLOCK_TOKENS);
}

static inline ActivationCell activation_cell(const Activations& a, int64_t block, int64_t group) {
    const int64_t at = block * MIXLLM_BLOCK_TOKENS * a.groups + group * block_tokens(a, block);
    return {a.q + at * MIXLLM_GROUP_SIZE, a.scale + at, a.sum + at};
}
