#pragma once

#include "../../common/format/mixllm_format.h"

#include <cuda_runtime.h>
#include <stddef.h>
#include <stdint.h>

// The quantized activations in the caller's buffer: all q, then all scales, then all sums.
struct Activations {
    int8_t* q;    // [tokens][groups * 128] x_q; a short last group is filled up with zeros
    float* scale; // [groups][token_stride] s_x, then zeros
    int32_t* sum; // [groups][token_stride] sum of x_q, then zeros
    int groups;
    int tokens;
    int token_stride; // tokens, rounded up so that each group's scales start at a multiple of 16 bytes
};

// Tokens first..last-1 as activations of their own. first is a multiple of 4.
__device__ __forceinline__ Activations activations_between(const Activations& a, int first, int last) {
    const size_t before = (size_t)first;
    return {a.q + before * (size_t)a.groups * MIXLLM_GROUP_SIZE,
            a.scale + before,
            a.sum + before,
            a.groups,
            last - first,
            a.token_stride};
}

inline int group_count(int64_t n_inputs) {
    return (int)mixllm_groups(n_inputs);
}

inline int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

inline size_t activation_bytes(int64_t n_inputs, int64_t tokens) {
    const int64_t groups = group_count(n_inputs);
    const int64_t row_bytes = round_up(groups * round_up(tokens, 4) * 4, 256);
    return (size_t)(round_up(groups * MIXLLM_GROUP_SIZE * tokens, 256) + 2 * row_bytes);
}

inline Activations activations_at(void* buffer, int64_t n_inputs, int64_t tokens) {
    Activations a;
    a.groups = group_count(n_inputs);
    a.tokens = (int)tokens;
    a.token_stride = (int)round_up(tokens, 4);
    a.q = static_cast<int8_t*>(buffer);
    char* scale = static_cast<char*>(buffer) + round_up((int64_t)a.groups * MIXLLM_GROUP_SIZE * tokens, 256);
    a.scale = reinterpret_cast<float*>(scale);
    a.sum = reinterpret_cast<int32_t*>(scale + round_up((int64_t)a.groups * a.token_stride * 4, 256));
    return a;
}
