#include "run.h"

#include "share_of_thread.h"

void quantize_with(const KernelSet& kernels, const float* x, int64_t x_stride, int64_t n_inputs, int64_t tokens,
                   void* activations, int thread, int threads) {
    const Activations a = activations_layout(n_inputs, tokens, activations);
    const int64_t cells = a.groups * tokens;
    const int64_t first = cells * thread / threads;
    const int64_t last = cells * (thread + 1) / threads;
    for (int64_t cell = first; cell < last; cell++) {
        const int64_t token = cell / a.groups;
        const int64_t input = cell % a.groups * MIXLLM_GROUP_SIZE;
        const int64_t left = n_inputs - input;
        kernels.quantize_group(x + token * x_stride + input, left < MIXLLM_GROUP_SIZE ? left : MIXLLM_GROUP_SIZE,
                               a.natural + cell * MIXLLM_GROUP_SIZE, a.split + cell * MIXLLM_GROUP_SIZE, a.scale + cell,
                               a.sum + cell);
    }
}

void mul_mat_with(const KernelSet& kernels, const mixllm_weight& weight, const void* activations, int64_t tokens,
                  float* y, int64_t y_stride, int thread, int threads) {
    const Activations a = activations_layout(weight.n_inputs, tokens, const_cast<void*>(activations));
    kernels.mul_mat(weight, a, tokens, y, y_stride, share_of_thread(weight, thread, threads));
}
