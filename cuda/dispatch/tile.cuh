#pragma once

#include "layout/activations.cuh"
#include "layout/routed_slots.cuh"
#include "mixllm_cuda.h"

// Any number of tokens, architecture 80 and later, in tiles of TOKENS tokens: 16, 32, 64 or 128, a source file each so
// that they compile side by side.
template <int TOKENS>
cudaError_t mul_mat_tile(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                         const Activations& activations, float* y, int64_t y_stride, void* workspace,
                         cudaStream_t stream);

template <int TOKENS>
size_t tile_workspace_bytes(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight, int64_t tokens);

// Slots in tiles of TOKENS.
template <int TOKENS>
cudaError_t mul_mat_experts_tile(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                 const RoutedSlots& route, const Activations& activations, float* y, int64_t y_stride,
                                 cudaStream_t stream);
