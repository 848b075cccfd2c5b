#pragma once

#include "layout/routed_slots.cuh"
#include "layout/wgmma_activations.cuh"
#include "mixllm_cuda.h"

// Any number of tokens, where device.has_wgmma.
cudaError_t mul_mat_wgmma(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                          const WgmmaActivations& activations, float* y, int64_t y_stride, void* workspace,
                          cudaStream_t stream);

// Slots in tiles of WGMMA_TOKENS.
cudaError_t mul_mat_experts_wgmma(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                  const RoutedSlots& route, const WgmmaActivations& activations, float* y,
                                  int64_t y_stride, cudaStream_t stream);

size_t wgmma_workspace_bytes(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight, int64_t tokens);
