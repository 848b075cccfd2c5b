#pragma once

#include "layout/activations.cuh"
#include "layout/routed_slots.cuh"
#include "mixllm_cuda.h"

// Up to 8 tokens. Needs no workspace.
cudaError_t mul_mat_decode(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                           const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream);

// Any number of slots, in tiles of 8.
cudaError_t mul_mat_experts_decode(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                   const RoutedSlots& route, const Activations& activations, float* y, int64_t y_stride,
                                   cudaStream_t stream);
