// Times the kernels on a GPU and prints one JSON object a line; run by gpu-check. Each figure is the median of several
// runs over copies of the weight that together exceed L2 several times, as weights come from memory in a model.

#include "mixllm_cuda.h"
#include "tests/device_array.h"
#include "tests/require_success.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#ifdef MIXLLM_WITH_CUBLAS
#    include <cublas_v2.h>
#endif

namespace {

// Microseconds of one call: the median over batches, each long enough for the timer.
double median_microseconds(const std::function<void(int)>& call) {
    cudaEvent_t start, stop;
    require_success(cudaEventCreate(&start), "cudaEventCreate");
    require_success(cudaEventCreate(&stop), "cudaEventCreate");
    const auto batch = [&](int calls) {
        require_success(cudaEventRecord(start), "cudaEventRecord");
        for (int i = 0; i < calls; i++) {
            call(i);
        }
        require_success(cudaEventRecord(stop), "cudaEventRecord");
        require_success(cudaEventSynchronize(stop), "a kernel");
        float milliseconds;
        require_success(cudaEventElapsedTime(&milliseconds, start, stop), "cudaEventElapsedTime");
        return 1000.0 * milliseconds / calls;
    };
    const double first = std::max(batch(4), 0.5); // warms up, too
    const int calls = (int)std::min(1000.0, std::max(8.0, 4000.0 / first));
    std::vector<double> times;
    for (int i = 0; i < 9; i++) {
        times.push_back(batch(calls));
    }
    std::sort(times.begin(), times.end());
    require_success(cudaEventDestroy(start), "cudaEventDestroy");
    require_success(cudaEventDestroy(stop), "cudaEventDestroy");
    return times[times.size() / 2];
}

template <class T>
std::vector<T> random_values(size_t count, std::mt19937& random) {
    std::vector<T> values(count);
    for (T& value : values) {
        value = (T)random();
    }
    return values;
}

// A weight on the device with random content; every tenth (or whatever `n8` says) channel has 8 bits.
class BenchWeight {
public:
    BenchWeight(int64_t n, int64_t k, int64_t n8, std::mt19937& random)
        : w4(random_values<uint8_t>((size_t)((n - n8) * k / 2), random)),
          w4_zero(random_values<uint8_t>((size_t)((n - n8) / 2 * groups(k)), random)),
          w8(random_values<int8_t>((size_t)(n8 * k), random)),
          w4_scale(std::vector<uint16_t>((size_t)((n - n8) * groups(k)), uint16_t(0x2C00))),
          w8_scale(std::vector<uint16_t>((size_t)(n8 * groups(k)), uint16_t(0x2400))), rows(channels(n, n8)) {
        view = {k, n - n8, n8, w4.get(), w4_scale.get(), w4_zero.get(), w8.get(), w8_scale.get(), rows.get()};
    }

    mixllm_cuda_weight view;

private:
    static int64_t groups(int64_t k) { return (k + 127) / 128; }

    static std::vector<int32_t> channels(int64_t n, int64_t n8) {
        std::vector<int32_t> four, eight;
        for (int64_t i = 0; i < n; i++) {
            ((i + 1) * n8 / n != i * n8 / n ? eight : four).push_back((int32_t)i);
        }
        four.insert(four.end(), eight.begin(), eight.end());
        return four;
    }

    DeviceArray<uint8_t> w4, w4_zero;
    DeviceArray<int8_t> w8;
    DeviceArray<uint16_t> w4_scale, w8_scale;
    DeviceArray<int32_t> rows;
};

double weight_bytes(const mixllm_cuda_weight& w) {
    const double groups = (double)((w.n_inputs + 127) / 128);
    return (double)w.n4 * ((double)w.n_inputs / 2 + 2.5 * groups) + (double)w.n8 * ((double)w.n_inputs + 2 * groups);
}

#ifdef MIXLLM_WITH_CUBLAS
double cublas_microseconds(cublasHandle_t handle, int64_t n, int64_t k, int64_t tokens, size_t l2) {
    const size_t copies = 3 * l2 / (size_t)(n * k * 2) + 2;
    std::vector<std::unique_ptr<DeviceArray<uint16_t>>> weights;
    for (size_t i = 0; i < copies; i++) {
        weights.push_back(std::make_unique<DeviceArray<uint16_t>>(std::vector<uint16_t>((size_t)(n * k), 0x2C00)));
    }
    const DeviceArray<uint16_t> x(std::vector<uint16_t>((size_t)(tokens * k), 0x2C00));
    const DeviceArray<uint16_t> y((size_t)(tokens * n));
    const float one = 1, zero = 0;
    return median_microseconds([&](int i) {
        const cublasStatus_t status =
            cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, (int)n, (int)tokens, (int)k, &one,
                         weights[(size_t)i % copies]->get(), CUDA_R_16F, (int)k, x.get(), CUDA_R_16F, (int)k, &zero,
                         y.get(), CUDA_R_16F, (int)n, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw std::runtime_error("cublasGemmEx failed with status " + std::to_string((int)status));
        }
    });
}
#endif

void bench() {
    cudaDeviceProp properties;
    require_success(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
    const int capability = 10 * properties.major + properties.minor;
    const mixllm_cuda_device device = {capability, properties.multiProcessorCount, capability == 90};
    const size_t l2 = (size_t)properties.l2CacheSize;

    const size_t copy_bytes = size_t(512) << 20;
    const DeviceArray<uint8_t> from(std::vector<uint8_t>(copy_bytes, uint8_t(1))), to(copy_bytes);
    const double copy = median_microseconds([&](int) {
        require_success(cudaMemcpyAsync(to.get(), from.get(), copy_bytes, cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
    });
    std::printf("{\"gpu\": \"%s\", \"compute_capability\": %d, \"multiprocessors\": %d, \"copy_gb_per_s\": %.0f}\n",
                properties.name, capability, properties.multiProcessorCount, 2e-3 * (double)copy_bytes / copy);
    std::fflush(stdout);

#ifdef MIXLLM_WITH_CUBLAS
    cublasHandle_t handle;
    if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS) {
        throw std::runtime_error("cublasCreate failed");
    }
#endif
    const int64_t shapes[][2] = {{4096, 4096}, {14336, 4096}, {4096, 14336}, {1024, 4096}};
    const int64_t most_tokens = 4096;
    std::mt19937 random(1);
    for (const auto& shape : shapes) {
        const int64_t n = shape[0], k = shape[1];
        std::vector<float> values((size_t)(most_tokens * k));
        std::normal_distribution<float> normal(0, 1);
        for (float& value : values) {
            value = normal(random);
        }
        const DeviceArray<float> x(values);
        const DeviceArray<float> y((size_t)(most_tokens * n));
        for (const int percent8 : {0, 10, 100}) {
            const int64_t n8 = n * percent8 / 100 / 16 * 16;
            std::vector<std::unique_ptr<BenchWeight>> weights;
            double bytes = 0;
            do {
                weights.push_back(std::make_unique<BenchWeight>(n, k, n8, random));
                bytes = weight_bytes(weights[0]->view);
            } while ((double)weights.size() * bytes < 3.0 * (double)l2 || weights.size() < 2);

            for (int64_t tokens = 1; tokens <= most_tokens; tokens *= 2) {
                const DeviceArray<uint8_t> activations(mixllm_cuda_activation_bytes(&device, k, tokens));
                const DeviceArray<uint8_t> workspace(mixllm_cuda_workspace_bytes(&device, &weights[0]->view, tokens));
                const mixllm_cuda_input input = {x.get(), {tokens, 1, 1}, {k, 0, 0}};
                const auto quantize = [&] {
                    require_success(mixllm_cuda_quantize(&device, &input, k, activations.get(), nullptr), "quantize");
                };
                const auto multiply = [&](int i) {
                    require_success(mixllm_cuda_mul_mat(&device, &weights[(size_t)i % weights.size()]->view,
                                                        activations.get(), tokens, y.get(), n, workspace.get(),
                                                        nullptr),
                                    "mul_mat");
                };
                quantize();
                const double alone = median_microseconds(multiply);
                const double both = median_microseconds([&](int i) {
                    quantize();
                    multiply(i);
                });
                std::printf("{\"n\": %d, \"k\": %d, \"percent8\": %d, \"tokens\": %d, \"us\": %.2f, "
                            "\"us_with_quantize\": %.2f, \"weight_gb_per_s\": %.0f, \"tops\": %.1f",
                            (int)n, (int)k, percent8, (int)tokens, alone, both, 1e-3 * bytes / alone,
                            2e-6 * (double)n * (double)k * (double)tokens / alone);
#ifdef MIXLLM_WITH_CUBLAS
                std::printf(", \"cublas_fp16_us\": %.2f", cublas_microseconds(handle, n, k, tokens, l2));
#endif
                std::printf("}\n");
                std::fflush(stdout);
            }
        }
    }
}

} // namespace

int main() {
    try {
        bench();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
