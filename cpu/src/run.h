#pragma once

#include "kernel_set.h"

// The functions of mixllm_cpu.h with given kernels.
void quantize_with(const KernelSet& kernels, const float* x, int64_t x_stride, int64_t n_inputs, int64_t tokens,
                   void* activations, int thread, int threads);
void mul_mat_with(const KernelSet& kernels, const mixllm_cpu_weight& weight, const void* activations, int64_t tokens,
                  float* y, int64_t y_stride, int thread, int threads);
void tile_with(const KernelSet& kernels, mixllm_component component, const void* from, void* to, int64_t n_rows,
               int64_t n_inputs);
