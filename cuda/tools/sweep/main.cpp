// Times products of all contenders over the shapes of a Llama 8B, then of the experts of Qwen3-30B-A3B and gpt-oss-20b,
// and prints one line a figure, tab-separated: what was measured, N, K, tokens, contender, microseconds, and
// microseconds of the limit: moving the weights (of the experts that are chosen), x and y through memory at the speed
// of a copy, or the multiplications at the highest rate, whichever is longer; of experts, then their number and how
// many of them a token has.
// --without-wgmma leaves out the kernel on Hopper's own instructions; --shape <N>x<K>[x<experts>x<of a token>] and
// --tokens <M> measure only that, for work on a kernel. Contenders take turns, so that a change of clock meets all
// alike; each figure is a median.

#include "contender.h"
#include "gpu_limits.h"
#include "mixllm_contender.h"
#include "random_values.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>

#ifdef MIXLLM_WITH_CUBLAS
#    include "cublas_contender.h"
#endif
#ifdef MIXLLM_WITH_GGML
#    include "stock_contender.h"

#    include <ggml-cuda.h>
#endif

namespace {

struct Options {
    bool with_wgmma = true;
    std::vector<Shape> shapes = {{4096, 4096},        {14336, 4096},       {4096, 14336},      {1024, 4096},
                                 {768, 2048, 128, 8}, {2048, 768, 128, 8}, {2880, 2880, 32, 4}};
    std::vector<int64_t> tokens = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
};

const int rounds = 9;
const double batch_microseconds = 4000;

// Of one product, over `launches` series.
double time_batch(Contender& contender, int launches) {
    require_success(cudaDeviceSynchronize(), "the contender before");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < launches; i++) {
        contender.launch();
    }
    require_success(cudaDeviceSynchronize(), contender.name().c_str());
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / launches / contender.series();
}

// Microseconds of one product of each contender.
std::vector<double> time_all(const std::vector<std::unique_ptr<Contender>>& contenders) {
    std::vector<int> launches;
    for (const auto& contender : contenders) {
        const double once = time_batch(*contender, 1) * contender->series(); // warms up, too
        launches.push_back(1 + (int)(batch_microseconds / once));
    }
    std::vector<std::vector<double>> times(contenders.size());
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < contenders.size(); i++) {
            times[i].push_back(time_batch(*contenders[i], launches[i]));
        }
    }
    std::vector<double> medians;
    for (std::vector<double>& all : times) {
        std::sort(all.begin(), all.end());
        medians.push_back(all[all.size() / 2]);
    }
    return medians;
}

std::vector<std::unique_ptr<Contender>> make_contenders(const Shape& shape, const GpuLimits& limits, bool with_wgmma,
                                                        void* backend) {
    std::vector<std::unique_ptr<Contender>> contenders;
    const bool wgmma = limits.compute_capability == 90 && MIXLLM_CUDA_HAS_SM_90A && with_wgmma;
    const mixllm_cuda_device device = {limits.compute_capability, limits.multiprocessors, wgmma};
    for (const int percent8 : {0, 10, 100}) {
        const auto weights = std::make_shared<const MixLlmWeights>(shape, percent8, limits.l2_bytes);
        const std::string name = "MixLLM p" + std::to_string(percent8);
        contenders.push_back(std::make_unique<MixLlmContender>(name, device, weights, true));
        contenders.push_back(std::make_unique<MixLlmContender>(name + " kernel", device, weights, false));
        if (wgmma && percent8 == 10) {
            const mixllm_cuda_device without = {device.architecture, device.multiprocessors, false};
            contenders.push_back(std::make_unique<MixLlmContender>(name + " mma.sync", without, weights, false));
        }
    }
#ifdef MIXLLM_WITH_CUBLAS
    if (shape.experts == 1) {
        contenders.push_back(std::make_unique<CublasContender>(shape, limits.l2_bytes));
    }
#endif
#ifdef MIXLLM_WITH_GGML
    for (const ggml_type type : {GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q8_0}) {
        if (shape.k % ggml_blck_size(type) != 0) {
            continue; // nobody has such weights in this type
        }
        contenders.push_back(
            std::make_unique<StockContender>(static_cast<ggml_backend_t>(backend), type, shape, limits.l2_bytes));
    }
#else
    (void)backend;
#endif
    return contenders;
}

double limit_microseconds(const Contender& contender, const Shape& shape, int64_t tokens, const GpuLimits& limits) {
    const double n = (double)shape.n, k = (double)shape.k, t = (double)tokens, slots = t * (double)shape.slots;
    std::vector<int32_t> chosen = random_choice(shape, tokens);
    std::sort(chosen.begin(), chosen.end());
    const double used = (double)(std::unique(chosen.begin(), chosen.end()) - chosen.begin());
    const double weights = contender.weight_bytes() * used / (double)shape.experts;
    const double moving = (weights + 4 * (t * k + slots * n)) / limits.copy_bytes_per_second;
    const double rate = limits.int8_per_second * contender.rate_against_int8();
    const double multiplying = rate > 0 ? 2 * n * k * slots / rate : 0;
    return 1e6 * std::max(moving, multiplying);
}

void sweep(const Options& options) {
#ifndef MIXLLM_WITH_CUBLAS
    std::fprintf(stderr, "SKIPPED cuBLAS: the toolkit that this was built with has none\n");
#endif
#ifndef MIXLLM_WITH_GGML
    std::fprintf(stderr, "SKIPPED llama.cpp's own kernels: this was built without its sources\n");
#endif
    const GpuLimits limits = measure_gpu_limits();
    std::printf("gpu\t%s\t%d\t%d\t%.0f\t%.1f\n", limits.gpu.c_str(), limits.compute_capability, limits.multiprocessors,
                1e-9 * limits.copy_bytes_per_second, 1e-12 * limits.int8_per_second);
    void* backend = nullptr;
#ifdef MIXLLM_WITH_GGML
    const ggml_backend_ptr cuda(ggml_backend_cuda_init(0));
    if (!cuda) {
        throw std::runtime_error("ggml finds no CUDA device");
    }
    backend = cuda.get();
#endif
    for (const Shape& shape : options.shapes) {
        const auto contenders = make_contenders(shape, limits, options.with_wgmma, backend);
        for (const int64_t tokens : options.tokens) {
            for (const auto& contender : contenders) {
                contender->prepare(tokens);
            }
            const std::vector<double> times = time_all(contenders);
            for (size_t i = 0; i < contenders.size(); i++) {
                std::printf("%s\t%d\t%d\t%d\t%s\t%.2f\t%.2f", shape.experts > 1 ? "experts" : "product", (int)shape.n,
                            (int)shape.k, (int)tokens, contenders[i]->name().c_str(), times[i],
                            limit_microseconds(*contenders[i], shape, tokens, limits));
                if (shape.experts > 1) {
                    std::printf("\t%d\t%d", (int)shape.experts, (int)shape.slots);
                }
                std::printf("\n");
            }
            std::fflush(stdout);
        }
    }
}

Options parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; i++) {
        const std::string name = arguments[i];
        const char* value = i + 1 < count ? arguments[i + 1] : "";
        int n = 0, k = 0, experts = 1, slots = 1;
        if (name == "--without-wgmma") {
            options.with_wgmma = false;
        } else if (name == "--shape" && std::sscanf(value, "%dx%dx%dx%d", &n, &k, &experts, &slots) % 2 == 0 && n > 0 &&
                   n % 16 == 0 && k > 0 && k % 32 == 0 && experts > 0 && experts <= MIXLLM_CUDA_MAX_EXPERTS &&
                   slots > 0 && slots <= experts) {
            options.shapes = {{n, k, experts, slots}};
            i++;
        } else if (name == "--tokens" && std::atoi(value) > 0) {
            options.tokens = {std::atoi(value)};
            i++;
        } else {
            throw std::runtime_error("usage: sweep [--without-wgmma] [--shape <N>x<K>[x<experts>x<of a token>]] "
                                     "[--tokens <M>], N a multiple of 16, K one of 32");
        }
    }
    return options;
}

} // namespace

int main(int count, char** arguments) {
    try {
        sweep(parse(count, arguments));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sweep: %s\n", error.what());
        return 1;
    }
}
