#include "dispatch/mul_mat_experts.h"

#include "dispatch/decode.cuh"
#include "dispatch/limits.h"
#include "dispatch/portable.cuh"
#include "dispatch/quantize.cuh"
#include "dispatch/route.cuh"
#include "dispatch/tile.cuh"
#include "dispatch/wgmma.cuh"

static bool legal(const mixllm_cuda_choice& c) {
    return c.n_experts > 0 && c.n_experts <= MIXLLM_CUDA_MAX_EXPERTS && c.tokens >= 0 && c.tokens <= MOST_TOKENS &&
           c.slots >= 0 && c.slots <= MOST_TOKENS && c.tokens * c.slots <= MOST_TOKENS;
}

static bool legal(const mixllm_cuda_experts& e, const mixllm_cuda_choice& choice) {
    return mixllm_inputs_valid(e.n_inputs) && mixllm_rows_valid(e.n_outputs) && e.n_outputs > 0 &&
           e.n_experts == choice.n_experts && e.n_outputs * e.n_experts <= MIXLLM_MAX_EXTENT &&
           most_tiles(choice.tokens * choice.slots, e.n_experts, tile_tokens(Path::decode)) * (e.n_outputs / 16) <=
               INT32_MAX;
}

static bool is_empty(const mixllm_cuda_choice& c) {
    return c.tokens == 0 || c.slots == 0;
}

static RoutedSlots slots_of(Path path, const mixllm_cuda_choice& c, const void* route) {
    return routed_slots_at(const_cast<void*>(route), c.tokens, c.slots, c.n_experts, tile_tokens(path));
}

static int64_t places_of(Path path, const mixllm_cuda_choice& c) {
    return slots_of(path, c, nullptr).places();
}

size_t route_bytes(Path path, const mixllm_cuda_choice& choice) {
    return legal(choice) && !is_empty(choice)
               ? routed_bytes(choice.tokens * choice.slots, choice.n_experts, tile_tokens(path))
               : 0;
}

cudaError_t route_slots(const mixllm_cuda_device& device, Path path, const mixllm_cuda_choice& choice, void* route,
                        cudaStream_t stream) {
    if (!legal(choice)) {
        return cudaErrorInvalidValue;
    }
    return is_empty(choice) ? cudaSuccess : route_slots(device, choice, slots_of(path, choice, route), stream);
}

size_t routed_activation_bytes(Path path, const mixllm_cuda_choice& choice, int64_t n_inputs) {
    if (!legal(choice) || is_empty(choice)) {
        return 0;
    }
    const int64_t places = places_of(path, choice);
    return path == Path::wgmma ? wgmma_activation_bytes(n_inputs, places) : activation_bytes(n_inputs, places);
}

cudaError_t quantize_routed(const mixllm_cuda_device& device, Path path, const mixllm_cuda_choice& choice,
                            const void* route, const mixllm_cuda_input& input, int64_t n_inputs, void* activations,
                            cudaStream_t stream) {
    if (!legal(choice) || input.size[0] <= 0 || choice.slots % input.size[0] != 0 || input.size[1] != choice.tokens ||
        input.size[2] != 1) {
        return cudaErrorInvalidValue;
    }
    if (is_empty(choice)) {
        return cudaSuccess;
    }
    const RoutedSlots slots = slots_of(path, choice, route);
    if (path == Path::wgmma) {
        return quantize_routed(device, input, n_inputs, wgmma_activations_at(activations, n_inputs, slots.places()),
                               slots, stream);
    }
    return quantize_routed(device, input, n_inputs, activations_at(activations, n_inputs, slots.places()), slots,
                           stream);
}

cudaError_t mul_mat_experts(const mixllm_cuda_device& device, Path path, const mixllm_cuda_experts& experts,
                            const mixllm_cuda_choice& choice, const void* route, const void* activations, float* y,
                            int64_t y_stride, cudaStream_t stream) {
    if (!legal(choice) || !legal(experts, choice)) {
        return cudaErrorInvalidValue;
    }
    if (is_empty(choice)) {
        return cudaSuccess;
    }
    const RoutedSlots slots = slots_of(path, choice, route);
    void* const quantized = const_cast<void*>(activations);
    const Activations a = activations_at(quantized, experts.n_inputs, slots.places());
    switch (path) {
    case Path::portable:
        return mul_mat_experts_portable(device, experts, slots, a, y, y_stride, stream);
    case Path::decode:
        return mul_mat_experts_decode(device, experts, slots, a, y, y_stride, stream);
    case Path::tile16:
        return mul_mat_experts_tile<16>(device, experts, slots, a, y, y_stride, stream);
    case Path::tile32:
        return mul_mat_experts_tile<32>(device, experts, slots, a, y, y_stride, stream);
    case Path::tile64:
        return mul_mat_experts_tile<64>(device, experts, slots, a, y, y_stride, stream);
    case Path::tile128:
        return mul_mat_experts_tile<128>(device, experts, slots, a, y, y_stride, stream);
    case Path::wgmma:
        return mul_mat_experts_wgmma(device, experts, slots,
                                     wgmma_activations_at(quantized, experts.n_inputs, slots.places()), y, y_stride,
                                     stream);
    }
    return cudaErrorInvalidValue;
}

static Path path_of(const mixllm_cuda_device& device, const mixllm_cuda_choice& choice) {
    return choose_expert_path(device, choice.tokens * choice.slots, choice.n_experts);
}

extern "C" size_t mixllm_cuda_route_bytes(const mixllm_cuda_device* device, const mixllm_cuda_choice* choice) {
    return route_bytes(path_of(*device, *choice), *choice);
}

extern "C" cudaError_t mixllm_cuda_route(const mixllm_cuda_device* device, const mixllm_cuda_choice* choice,
                                         void* route, cudaStream_t stream) {
    return route_slots(*device, path_of(*device, *choice), *choice, route, stream);
}

extern "C" size_t mixllm_cuda_routed_activation_bytes(const mixllm_cuda_device* device,
                                                      const mixllm_cuda_choice* choice, int64_t n_inputs) {
    return routed_activation_bytes(path_of(*device, *choice), *choice, n_inputs);
}

extern "C" cudaError_t mixllm_cuda_quantize_routed(const mixllm_cuda_device* device, const mixllm_cuda_choice* choice,
                                                   const void* route, const mixllm_cuda_input* input, int64_t n_inputs,
                                                   void* activations, cudaStream_t stream) {
    return quantize_routed(*device, path_of(*device, *choice), *choice, route, *input, n_inputs, activations, stream);
}

extern "C" cudaError_t mixllm_cuda_mul_mat_experts(const mixllm_cuda_device* device, const mixllm_cuda_experts* experts,
                                                   const mixllm_cuda_choice* choice, const void* route,
                                                   const void* activations, float* y, int64_t y_stride,
                                                   cudaStream_t stream) {
    return mul_mat_experts(*device, path_of(*device, *choice), *experts, *choice, route, activations, y, y_stride,
                           stream);
}
