#pragma once

#include "activations.h"

// What mixllm_cpu_route leaves in the caller's work buffer for the products of any experts with these inputs: x,
// quantized row by row, the slots (token * slots + slot) ordered by expert, and memory in which each thread gathers the
// activations of one expert.
struct RoutedActivations {
    // Tokens of one expert that are gathered at a time: enough to read its weights seldom, few enough to stay in L2.
    static constexpr int64_t max_gathered = 128;

    int64_t groups;
    int8_t* q;    // [row][group][128], row = token * x_slots + slot % x_slots
    float* scale; // [row][group] s_x
    int32_t* sum; // [row][group] sum of x_q
    int32_t*
        first; // [n_experts + 1] index in `ordered` of each expert's first slot; slots of no expert follow the last
    int32_t* ordered; // [tokens * slots]
    char* gathered;   // [thread][gathered_bytes]
    size_t gathered_bytes;
    size_t bytes;

    // `buffer` may be null where only `bytes` is of interest.
    RoutedActivations(const mixllm_cpu_routing& routing, int64_t n_inputs, int threads, void* buffer);

    // The activations of one row of x, where they are.
    Activations of_row(int64_t row) const {
        const int64_t at = row * groups;
        return {groups, 1, q + at * MIXLLM_GROUP_SIZE, scale + at, sum + at, 0};
    }
};
