#ifndef MIXLLM_KERNEL_SET_H
#define MIXLLM_KERNEL_SET_H

#include "activations.h"

enum { MIXLLM_TILE_ROWS = 16 };

// A thread's share of one product: tiles of 16 stored rows, first <= tile < last, in each part of the weight.
struct Share {
    int64_t first4, last4;
    int64_t first8, last8;
};

// What one instruction set provides.
struct KernelSet {
    const char* isa;
    bool (*runs_here)();
    // Quantizes one group of `n` <= 128 inputs into 128 bytes each at `natural` and `split`.
    void (*quantize_group)(const float* x, int64_t n, int8_t* natural, int8_t* split, float* scale, int32_t* sum);
    void (*mul_mat)(const mixllm_weight& weight, const Activations& activations, int64_t tokens, float* y,
                    int64_t y_stride, const Share& share);
};

#endif
