#pragma once

#include "layout/routed_slots.cuh"
#include "mixllm_cuda.h"

// Orders the slots of `choice` into tiles as `to` has room for. n_experts is no more than MIXLLM_CUDA_MAX_EXPERTS, and
// there is a slot.
cudaError_t route_slots(const mixllm_cuda_device& device, const mixllm_cuda_choice& choice, const RoutedSlots& to,
                        cudaStream_t stream);
