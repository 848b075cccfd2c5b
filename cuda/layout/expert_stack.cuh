#pragma once

#include "layout/weight_part.cuh"
#include "memory/global.cuh"

// What a kernel is told of a stack of experts.
struct ExpertStack {
    const uint8_t* w4;
    const uint16_t* w4_scale;
    const uint8_t* w4_zero;
    const uint8_t* w8;
    const uint16_t* w8_scale;
    const int32_t* rows;
    const int32_t* offsets;
    int n_inputs, n_outputs, n_experts;
};

inline ExpertStack stack_of(const mixllm_cuda_experts& e) {
    return {e.w4,
            e.w4_scale,
            e.w4_zero,
            reinterpret_cast<const uint8_t*>(e.w8),
            e.w8_scale,
            e.rows,
            e.offsets,
            (int)e.n_inputs,
            (int)e.n_outputs,
            (int)e.n_experts};
}

// How many 4-bit rows an expert has.
__device__ __forceinline__ int expert_rows4(const ExpertStack& stack, int expert) {
    const Global<const int32_t> offsets(stack.offsets);
    return offsets.load((size_t)expert + 1) - offsets.load((size_t)expert);
}

// The rows of BITS bits of one expert, which is a weight like any other, at an offset.
template <int BITS>
__device__ __forceinline__ WeightPart expert_part(const ExpertStack& stack, int expert) {
    static_assert(BITS == 4 || BITS == 8, "a row has 4-bit or 8-bit weights");
    const Global<const int32_t> offsets(stack.offsets);
    const int before4 = offsets.load((size_t)expert);
    const int n4 = offsets.load((size_t)expert + 1) - before4;
    const size_t groups = (size_t)((stack.n_inputs + MIXLLM_GROUP_SIZE - 1) / MIXLLM_GROUP_SIZE);
    const int32_t* rows = stack.rows + (size_t)expert * (size_t)stack.n_outputs;
    if constexpr (BITS == 4) {
        const size_t before = (size_t)before4;
        return {stack.w4 + before * (size_t)(stack.n_inputs / 2), stack.w4_scale + before * groups,
                stack.w4_zero + before / 2 * groups, rows, n4};
    } else {
        const size_t before = (size_t)(expert * stack.n_outputs - before4);
        return {stack.w8 + before * (size_t)stack.n_inputs, stack.w8_scale + before * groups, nullptr, rows + n4,
                stack.n_outputs - n4};
    }
}
