#pragma once

#include "kernel_set.h"

// The functions of mixllm_cpu.h for experts, with given kernels.
void route_with(const KernelSet& kernels, const mixllm_cpu_routing& routing, int64_t n_inputs, void* work, int thread,
                int threads);
void mul_mat_experts_with(const KernelSet& kernels, const mixllm_cpu_experts& experts,
                          const mixllm_cpu_routing& routing, void* work, float* y, int64_t y_token_stride,
                          int64_t y_slot_stride, int thread, int threads);
