#include "dispatch/decode.cuh"

#include "decode/decode_dp4a_input.cuh"
#include "decode/decode_kernel.cuh"
#include "decode/decode_mma_input.cuh"
#include "dispatch/launch.cuh"
#include "product/dense_product.cuh"
#include "product/expert_product.cuh"

template <int WARPS, class Product>
static cudaError_t run(const mixllm_cuda_device& device, const Product& product, const Activations& activations,
                       int64_t blocks, cudaStream_t stream) {
    const DecodeParameters<Product> p = {product, activations};
    const auto kernel = device.architecture < 80 ? decode_kernel<DecodeDp4aInput<WARPS>, Product>
                                                 : decode_kernel<DecodeMmaInput<WARPS>, Product>;
    return launch(device, kernel, (unsigned)blocks, WARPS * 32, decode_shared_bytes(WARPS), stream, p);
}

cudaError_t mul_mat_decode(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                           const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream) {
    return run<DECODE_WARPS>(device, dense_product(weight, activations.tokens, y, y_stride), activations,
                             (weight.n4 + weight.n8) / DECODE_ROWS, stream);
}

cudaError_t mul_mat_experts_decode(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                   const RoutedSlots& route, const Activations& activations, float* y, int64_t y_stride,
                                   cudaStream_t stream) {
    const ExpertProduct product = expert_product(experts, route, y, y_stride, DECODE_ROWS);
    const int64_t blocks = (int64_t)route.most_tiles * product.row_tiles;
    switch (expert_decode_warps(activations.groups)) {
    case DECODE_WARPS:
        return run<DECODE_WARPS>(device, product, activations, blocks, stream);
    case DECODE_WARPS / 2:
        return run<DECODE_WARPS / 2>(device, product, activations, blocks, stream);
    default:
        return run<DECODE_WARPS / 4>(device, product, activations, blocks, stream);
    }
}
