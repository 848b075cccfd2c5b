#include "dispatch/portable.cuh"

#include "dispatch/launch.cuh"
#include "portable/portable_kernel.cuh"
#include "product/dense_product.cuh"
#include "product/expert_product.cuh"

template <class Product>
static cudaError_t run(const mixllm_cuda_device& device, const Product& product, const Activations& activations,
                       int64_t blocks, cudaStream_t stream) {
    const PortableParameters<Product> p = {product, activations};
    return launch(device, portable_kernel<PORTABLE_TOKENS, Product>, (unsigned)blocks, PORTABLE_THREADS,
                  portable_shared_bytes<PORTABLE_TOKENS>(), stream, p);
}

cudaError_t mul_mat_portable(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                             const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream) {
    const auto tiles = [](int64_t count, int64_t size) { return round_up(count, size) / size; };
    const int64_t row_tiles = tiles(weight.n8, PORTABLE_ROWS) + tiles(weight.n4, PORTABLE_ROWS);
    return run(device, dense_product(weight, activations.tokens, y, y_stride), activations,
               row_tiles * tiles(activations.tokens, PORTABLE_TOKENS), stream);
}

cudaError_t mul_mat_experts_portable(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                     const RoutedSlots& route, const Activations& activations, float* y,
                                     int64_t y_stride, cudaStream_t stream) {
    const ExpertProduct product = expert_product(experts, route, y, y_stride, PORTABLE_ROWS);
    return run(device, product, activations, (int64_t)route.most_tiles * product.row_tiles, stream);
}
