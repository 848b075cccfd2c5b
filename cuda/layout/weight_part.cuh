#pragma once

#include "mixllm_cuda.h"

#include <cuda_runtime.h>

// The 4-bit or the 8-bit rows of a weight.
struct WeightPart {
    const uint8_t* q;      // [n][K/2] for 4 bits, [n][K] for 8
    const uint16_t* scale; // [G][n] binary16
    const uint8_t* zero;   // [G][n/2], two to a byte; 4-bit rows only
    const int32_t* rows;   // [n] output channel of each row
    int n;
};

// What a kernel is told of a weight.
struct WeightView {
    WeightPart part4, part8;
    int n_inputs; // K
};

inline WeightView view_of(const mixllm_cuda_weight& w) {
    return {{w.w4, w.w4_scale, w.w4_zero, w.rows, (int)w.n4},
            {reinterpret_cast<const uint8_t*>(w.w8), w.w8_scale, nullptr, w.rows + w.n4, (int)w.n8},
            (int)w.n_inputs};
}

// The rows of a part that hold BITS bits.
template <int BITS>
__device__ __forceinline__ const WeightPart& part_of(const WeightView& weight) {
    static_assert(BITS == 4 || BITS == 8, "a row has 4-bit or 8-bit weights");
    if constexpr (BITS == 4) {
        return weight.part4;
    } else {
        return weight.part8;
    }
}
