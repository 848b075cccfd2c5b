#include "mixllm_contender.h"

#include "random_values.h"

MixLlmContender::MixLlmContender(const std::string& name, const mixllm_cuda_device& device,
                                 std::shared_ptr<const MixLlmWeights> weights, bool with_quantization)
    : label(name), device(device), weights(std::move(weights)), with_quantization(with_quantization) {}

void MixLlmContender::prepare(int64_t tokens) {
    captured.reset();
    const mixllm_cuda_weight& first = (*weights)[0];
    const int64_t k = first.n_inputs, n = first.n4 + first.n8;
    x = std::make_unique<DeviceArray<float>>(random_normal((size_t)(tokens * k)));
    y = std::make_unique<DeviceArray<float>>((size_t)(tokens * n));
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
        require_success(mixllm_cuda_mul_mat(&device, &(*weights)[i % weights->count()], activations->get(), tokens,
                                            y->get(), n, workspace->get(), stream),
                        "mul_mat");
    });
}
