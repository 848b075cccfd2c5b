#pragma once

#include "layout/activations.cuh"
#include "mixllm_cuda.h"

// Any shape on any GPU. Needs no workspace.
cudaError_t mul_mat_portable(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                             const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream);
