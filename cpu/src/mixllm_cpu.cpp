#include "../mixllm_cpu.h"

#include "routed_activations.h"
#include "run.h"
#include "run_experts.h"
#include "select_kernels.h"

extern "C" size_t mixllm_cpu_activation_bytes(int64_t n_inputs, int64_t tokens) {
    return activations_layout(n_inputs, tokens, nullptr).bytes;
}

extern "C" void mixllm_cpu_quantize(const float* x, int64_t x_stride, int64_t n_inputs, int64_t tokens,
                                    void* activations, int thread, int threads) {
    quantize_with(select_kernels(), x, x_stride, n_inputs, tokens, activations, thread, threads);
}

extern "C" void mixllm_cpu_mul_mat(const mixllm_cpu_weight* weight, const void* activations, int64_t tokens, float* y,
                                   int64_t y_stride, int thread, int threads) {
    mul_mat_with(select_kernels(), *weight, activations, tokens, y, y_stride, thread, threads);
}

extern "C" size_t mixllm_cpu_route_bytes(const mixllm_cpu_routing* routing, int64_t n_inputs, int threads) {
    return RoutedActivations(*routing, n_inputs, threads, nullptr).bytes;
}

extern "C" void mixllm_cpu_route(const mixllm_cpu_routing* routing, int64_t n_inputs, void* work, int thread,
                                 int threads) {
    route_with(select_kernels(), *routing, n_inputs, work, thread, threads);
}

extern "C" void mixllm_cpu_mul_mat_experts(const mixllm_cpu_experts* experts, const mixllm_cpu_routing* routing,
                                           void* work, float* y, int64_t y_token_stride, int64_t y_slot_stride,
                                           int thread, int threads) {
    mul_mat_experts_with(select_kernels(), *experts, *routing, work, y, y_token_stride, y_slot_stride, thread, threads);
}

extern "C" bool mixllm_cpu_gains_by_tiles(void) {
    return select_kernels().gains_by_tiles;
}

extern "C" void mixllm_cpu_tile(mixllm_component component, const void* from, void* to, int64_t n_rows,
                                int64_t n_inputs) {
    tile_with(select_kernels(), component, from, to, n_rows, n_inputs);
}

extern "C" const char* mixllm_cpu_isa(void) {
    return select_kernels().isa;
}
