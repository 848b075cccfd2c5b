#pragma once

#include "layout/activations.cuh"
#include "layout/routed_slots.cuh"
#include "layout/wgmma_activations.cuh"
#include "mixllm_cuda.h"

// Quantizes the rows of x to the places of the slots that read them; activations are of as many tokens as there are
// places. There is a slot; size[0] of the input divides the slots of a token.
cudaError_t quantize_routed(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                            const Activations& activations, const RoutedSlots& slots, cudaStream_t stream);
cudaError_t quantize_routed(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                            const WgmmaActivations& activations, const RoutedSlots& slots, cudaStream_t stream);
