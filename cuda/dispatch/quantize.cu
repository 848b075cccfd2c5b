#include "dispatch/quantize.cuh"

#include "dispatch/choose_path.h"
#include "dispatch/launch.cuh"
#include "dispatch/limits.h"
#include "quantize/quantize_kernel.cuh"

// Whether `input` is within bounds; how many tokens it has.
static bool legal(const mixllm_cuda_input& input, int64_t n_inputs, int64_t& tokens) {
    tokens = 1;
    for (int i = 0; i < 3; i++) {
        if (input.size[i] < 0 || input.size[i] > MOST_TOKENS || tokens * input.size[i] > MOST_TOKENS) {
            return false;
        }
        tokens *= input.size[i];
    }
    return mixllm_inputs_valid(n_inputs);
}

static bool is_aligned(const mixllm_cuda_input& input) {
    bool aligned = reinterpret_cast<uintptr_t>(input.x) % 16 == 0;
    for (int i = 0; i < 3; i++) {
        aligned = aligned && (input.stride[i] % 4 == 0 || input.size[i] == 1);
    }
    return aligned;
}

// tokens: those `activations` has room for.
template <class Destination>
static cudaError_t run(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                       const Destination& activations, int64_t tokens, cudaStream_t stream) {
    QuantizeParameters<Destination> p;
    p.input = input;
    p.activations = activations;
    p.n_inputs = (int)n_inputs;
    p.blocks_per_token = (activations.groups + QUANTIZE_WARPS - 1) / QUANTIZE_WARPS;
    p.aligned = is_aligned(input);
    if (tokens * p.blocks_per_token > INT32_MAX) {
        return cudaErrorInvalidValue;
    }
    return launch(device, quantize_kernel<Destination>, (unsigned)(tokens * p.blocks_per_token), QUANTIZE_WARPS * 32, 0,
                  stream, p);
}

template <class Destination>
static cudaError_t run_routed(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                              const Destination& activations, const RoutedSlots& slots, cudaStream_t stream) {
    int64_t tokens;
    if (!legal(input, n_inputs, tokens)) {
        return cudaErrorInvalidValue;
    }
    const RoutedActivations<Destination> routed = {activations, slots, (int)input.size[0], activations.groups,
                                                   (int)tokens};
    return run(device, input, n_inputs, routed, tokens, stream);
}

cudaError_t quantize_routed(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                            const Activations& activations, const RoutedSlots& slots, cudaStream_t stream) {
    return run_routed(device, input, n_inputs, activations, slots, stream);
}

cudaError_t quantize_routed(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                            const WgmmaActivations& activations, const RoutedSlots& slots, cudaStream_t stream) {
    return run_routed(device, input, n_inputs, activations, slots, stream);
}

extern "C" size_t mixllm_cuda_activation_bytes(const mixllm_cuda_device* device, int64_t n_inputs, int64_t tokens) {
    return choose_path(*device, tokens) == Path::wgmma ? wgmma_activation_bytes(n_inputs, tokens)
                                                       : activation_bytes(n_inputs, tokens);
}

extern "C" cudaError_t mixllm_cuda_quantize(const mixllm_cuda_device* device, const mixllm_cuda_input* input,
                                            int64_t n_inputs, void* activations, cudaStream_t stream) {
    int64_t tokens;
    if (!legal(*input, n_inputs, tokens)) {
        return cudaErrorInvalidValue;
    }
    if (tokens == 0) {
        return cudaSuccess;
    }
    if (choose_path(*device, tokens) == Path::wgmma) {
        return run(*device, *input, n_inputs, wgmma_activations_at(activations, n_inputs, tokens),
                   round_up(tokens, WGMMA_TOKENS), stream);
    }
    return run(*device, *input, n_inputs, activations_at(activations, n_inputs, tokens), tokens, stream);
}
