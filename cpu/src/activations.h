#ifndef MIXLLM_ACTIVATIONS_H
#define MIXLLM_ACTIVATIONS_H

#include "../mixllm_cpu.h"

// Where the parts of the quantized activations lie in the caller's buffer. A short last group is padded with zeros.
struct Activations {
    int64_t groups;
    int8_t* natural; // [tokens][groups][128]
    int8_t* split;   // [tokens][groups][128]: per group, the inputs that 4-bit rows keep in low nibbles, then in high
    float* scale;    // [tokens][groups] s_x
    int32_t* sum;    // [tokens][groups] sum of x_q
    size_t bytes;
};

static inline int64_t group_count(int64_t n_inputs) {
    return (n_inputs + MIXLLM_GROUP_SIZE - 1) / MIXLLM_GROUP_SIZE;
}

static inline Activations activations_layout(int64_t n_inputs, int64_t tokens, void* buffer) {
    const size_t groups = (size_t)group_count(n_inputs);
    const size_t cells = groups * (size_t)tokens;
    const size_t cell_bytes = (cells * sizeof(float) + 63) / 64 * 64;
    char* base = (char*)buffer;
    Activations a;
    a.groups = (int64_t)groups;
    a.natural = (int8_t*)base;
    a.split = a.natural + cells * MIXLLM_GROUP_SIZE;
    a.scale = (float*)(base + 2 * cells * MIXLLM_GROUP_SIZE);
    a.sum = (int32_t*)(base + 2 * cells * MIXLLM_GROUP_SIZE + cell_bytes);
    a.bytes = 2 * cells * MIXLLM_GROUP_SIZE + 2 * cell_bytes;
    return a;
}

#endif
