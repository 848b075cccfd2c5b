#include "mixllm_contender.h"

#include "random_values.h"

MixLlmContender::MixLlmContender(const std::string& name, const mixllm_cuda_device& device,
                                 std::shared_ptr<const MixLlmWeights> weights, bool with_quantization)
    : label(name), device(device), weights(std::move(weights)), with_quantization(with_quantization) {}

void MixLlmContender::prepare(int64_t tokens) {
    captured.reset();
    const Shape& shape = weights->shape();
    x = std::make_unique<DeviceArray<float>>(random_normal((size_t)(tokens * shape.k)));
    y = std::make_unique<DeviceArray<float>>((size_t)(tokens * shape.slots * shape.n));
    if (shape.experts > 1) {
        prepare_experts(tokens);
    } else {
        prepare_dense(tokens);
    }
}

void MixLlmContender::prepare_dense(int64_t tokens) {
    const mixllm_cuda_weight first = weights->weight(0);
    const int64_t k = weights->shape().k, n = weights->shape().n;
    activations = std::make_unique<DeviceArray<uint8_t>>(mixllm_cuda_activation_bytes(&device, k, tokens));
    workspace = std::make_unique<DeviceArray<uint8_t>>(mixllm_cuda_workspace_bytes(&device, &first, tokens));
    const mixllm_cuda_input input = {x->get(), {tokens, 1, 1}, {k, 0, 0}};
    const auto quantize = [&](cudaStream_t stream) {
        require_success(mixllm_cuda_quantize(&device, &input, k, activations->get(), stream), "quantize");
    };
    quantize(nullptr);
    require_success(cudaDeviceSynchronize(), "quantize");
    captured = std::make_unique<CapturedSeries>(series(), [&](int i, cudaStream_t stream) {
        if (with_quantization) {
            quantize(stream);
        }
        const mixllm_cuda_weight weight = weights->weight(i);
        require_success(
            mixllm_cuda_mul_mat(&device, &weight, activations->get(), tokens, y->get(), n, workspace->get(), stream),
            "mul_mat");
    });
}

void MixLlmContender::prepare_experts(int64_t tokens) {
    const Shape& shape = weights->shape();
    ids = std::make_unique<DeviceArray<int32_t>>(random_choice(shape, tokens));
    const mixllm_cuda_choice choice = {shape.experts, tokens, shape.slots, ids->get(), shape.slots, 1};
    const mixllm_cuda_input input = {x->get(), {1, tokens, 1}, {shape.k, shape.k, 0}};
    route = std::make_unique<DeviceArray<uint8_t>>(mixllm_cuda_route_bytes(&device, &choice));
    activations =
        std::make_unique<DeviceArray<uint8_t>>(mixllm_cuda_routed_activation_bytes(&device, &choice, shape.k));
    const auto quantize = [&](cudaStream_t stream) {
        require_success(mixllm_cuda_route(&device, &choice, route->get(), stream), "route");
        require_success(
            mixllm_cuda_quantize_routed(&device, &choice, route->get(), &input, shape.k, activations->get(), stream),
            "quantize");
    };
    quantize(nullptr);
    require_success(cudaDeviceSynchronize(), "quantize");
    captured = std::make_unique<CapturedSeries>(series(), [&](int i, cudaStream_t stream) {
        if (with_quantization) {
            quantize(stream);
        }
        const mixllm_cuda_experts experts = weights->experts(i);
        require_success(mixllm_cuda_mul_mat_experts(&device, &experts, &choice, route->get(), activations->get(),
                                                    y->get(), shape.n, stream),
                        "mul_mat_experts");
    });
}
