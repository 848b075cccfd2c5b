#include "dispatch/choose_path.h"
#include "dispatch/launch.cuh"
#include "mixllm_cuda.h"
#include "quantize/quantize_kernel.cuh"

// Beyond this, as beyond the format's extents, sizes and offsets that the kernels keep in 32 bits would overflow.
static const int64_t MOST_TOKENS = 1 << 24;

// tokens: those `activations` has room for.
template <class Destination>
static cudaError_t run(const mixllm_cuda_device& device, const mixllm_cuda_input& input, bool aligned, int64_t n_inputs,
                       const Destination& activations, int64_t tokens, cudaStream_t stream) {
    QuantizeParameters<Destination> p;
    p.input = input;
    p.activations = activations;
    p.n_inputs = (int)n_inputs;
    p.blocks_per_token = (activations.groups + QUANTIZE_WARPS - 1) / QUANTIZE_WARPS;
    p.aligned = aligned;
    if (tokens * p.blocks_per_token > INT32_MAX) {
        return cudaErrorInvalidValue;
    }
    return launch(device, quantize_kernel<Destination>, (unsigned)(tokens * p.blocks_per_token), QUANTIZE_WARPS * 32, 0,
                  stream, p);
}

extern "C" size_t mixllm_cuda_activation_bytes(const mixllm_cuda_device* device, int64_t n_inputs, int64_t tokens) {
    return choose_path(*device, tokens) == Path::wgmma ? wgmma_activation_bytes(n_inputs, tokens)
                                                       : activation_bytes(n_inputs, tokens);
}

extern "C" cudaError_t mixllm_cuda_quantize(const mixllm_cuda_device* device, const mixllm_cuda_input* input,
                                            int64_t n_inputs, void* activations, cudaStream_t stream) {
    if (!mixllm_inputs_valid(n_inputs)) {
        return cudaErrorInvalidValue;
    }
    bool aligned = reinterpret_cast<uintptr_t>(input->x) % 16 == 0;
    int64_t tokens = 1;
    for (int i = 0; i < 3; i++) {
        if (input->size[i] < 0 || input->size[i] > MOST_TOKENS || tokens * input->size[i] > MOST_TOKENS) {
            return cudaErrorInvalidValue;
        }
        tokens *= input->size[i];
        aligned = aligned && (input->stride[i] % 4 == 0 || input->size[i] == 1);
    }
    if (tokens == 0) {
        return cudaSuccess;
    }
    if (choose_path(*device, tokens) == Path::wgmma) {
        return run(*device, *input, aligned, n_inputs, wgmma_activations_at(activations, n_inputs, tokens),
                   round_up(tokens, WGMMA_TOKENS), stream);
    }
    return run(*device, *input, aligned, n_inputs, activations_at(activations, n_inputs, tokens), tokens, stream);
}
