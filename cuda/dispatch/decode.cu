#include "dispatch/decode.cuh"

#include "decode/decode_dp4a_input.cuh"
#include "decode/decode_kernel.cuh"
#include "decode/decode_mma_input.cuh"
#include "dispatch/launch.cuh"
#include "product/dense_product.cuh"
#include "product/expert_product.cuh"

template <class Product>
static cudaError_t run(const mixllm_cuda_device& device, const Product& product, const Activations& activations,
                       int64_t blocks, cudaStream_t stream) {
    const DecodeParameters<Product> p = {product, activations};
    const auto kernel =
        device.architecture < 80 ? decode_kernel<DecodeDp4aInput, Product> : decode_kernel<DecodeMmaInput, Product>;
    return launch(device, kernel, (unsigned)blocks, DECODE_WARPS * 32, decode_shared_bytes(), stream, p);
}

cudaError_t mul_mat_decode(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                           const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream) {
    return run(device, dense_product(weight, activations.tokens, y, y_stride), activations,
               (weight.n4 + weight.n8) / DECODE_ROWS, stream);
}

cudaError_t mul_mat_experts_decode(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                   const RoutedSlots& route, const Activations& activations, float* y, int64_t y_stride,
                                   cudaStream_t stream) {
    const ExpertProduct product = expert_product(experts, route, y, y_stride, DECODE_ROWS);
    return run(device, product, activations, (int64_t)route.most_tiles * product.row_tiles, stream);
}
