#include "dispatch/launch.cuh"
#include "layout/activations.cuh"
#include "mixllm_cuda.h"
#include "quantize/quantize_kernel.cuh"

extern "C" size_t mixllm_cuda_activation_bytes(int64_t n_inputs, int64_t tokens) {
    return activation_bytes(n_inputs, tokens);
}

extern "C" cudaError_t mixllm_cuda_quantize(const mixllm_cuda_input* input, int64_t n_inputs, void* activations,
                                            cudaStream_t stream) {
    const int64_t limit = INT32_MAX;
    if (n_inputs <= 0 || n_inputs % 32 != 0 || n_inputs > limit - GROUP_SIZE) {
        return cudaErrorInvalidValue;
    }
    QuantizeParameters p;
    p.aligned = reinterpret_cast<uintptr_t>(input->x) % 16 == 0;
    int64_t tokens = 1;
    for (int i = 0; i < 3; i++) {
        if (input->size[i] < 0 || input->size[i] > limit || tokens * input->size[i] > limit) {
            return cudaErrorInvalidValue;
        }
        tokens *= input->size[i];
        p.aligned = p.aligned && (input->stride[i] % 4 == 0 || input->size[i] == 1);
    }
    if (tokens == 0) {
        return cudaSuccess;
    }
    p.input = *input;
    p.activations = activations_at(activations, n_inputs, tokens);
    p.n_inputs = (int)n_inputs;
    p.blocks_per_token = (p.activations.groups + QUANTIZE_WARPS - 1) / QUANTIZE_WARPS;
    if (tokens * p.blocks_per_token > limit) {
        return cudaErrorInvalidValue;
    }
    return launch(quantize_kernel, (unsigned)(tokens * p.blocks_per_token), QUANTIZE_WARPS * 32, 0, stream, p);
}
