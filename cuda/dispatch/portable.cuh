#pragma once

#include "layout/activations.cuh"
#include "layout/routed_slots.cuh"
#include "mixllm_cuda.h"

enum { PORTABLE_TOKENS = 64 }; // of a tile

// Any shape on any GPU. Needs no workspace.
cudaError_t mul_mat_portable(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                             const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream);

// The same, for slots in tiles of PORTABLE_TOKENS.
cudaError_t mul_mat_experts_portable(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                     const RoutedSlots& route, const Activations& activations, float* y,
                                     int64_t y_stride, cudaStream_t stream);
