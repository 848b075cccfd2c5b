#pragma once

#include "dispatch/choose_path.h"
#include "mixllm_cuda.h"

// What mixllm_cuda.h has for experts, by a path that the caller names; all calls for one choice name the same.

size_t route_bytes(Path path, const mixllm_cuda_choice& choice);

cudaError_t route_slots(const mixllm_cuda_device& device, Path path, const mixllm_cuda_choice& choice, void* route,
                        cudaStream_t stream);

size_t routed_activation_bytes(Path path, const mixllm_cuda_choice& choice, int64_t n_inputs);

cudaError_t quantize_routed(const mixllm_cuda_device& device, Path path, const mixllm_cuda_choice& choice,
                            const void* route, const mixllm_cuda_input& input, int64_t n_inputs, void* activations,
                            cudaStream_t stream);

cudaError_t mul_mat_experts(const mixllm_cuda_device& device, Path path, const mixllm_cuda_experts& experts,
                            const mixllm_cuda_choice& choice, const void* route, const void* activations, float* y,
                            int64_t y_stride, cudaStream_t stream);
