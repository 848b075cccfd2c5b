// One matrix product in MixLLM's kernels and in ggml's stock types, interleaved in one run: milliseconds, and how many
// times faster MixLLM is. Stock weights lie in ggml's repacked form where ggml has one for their type, as in llama.cpp.
//
//   mixllm-cpu-versus-ggml <threads> <tokens> <percent 8-bit> [rounds] [N K] [stock type...]
//
// With one thread times are CPU times, else elapsed times.

#include "elapsed_seconds.h"
#include "mixllm_cpu.h"
#include "rotating_weights.h"
#include "team.h"

#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Products of one stock type with rotating weights.
struct Stock {
    ggml_type type;
    ggml_context* weights = nullptr;
    ggml_context* graphs = nullptr;
    ggml_backend_buffer_t buffer = nullptr;
    std::vector<ggml_cgraph*> products;
    size_t bytes = 0;
    bool repacked = false;

    Stock(ggml_type type, ggml_backend_t backend, int64_t n, int64_t k, int64_t tokens) : type(type) {
        bytes = ggml_row_size(type, k) * (size_t)n;
        const size_t copies = copies_beyond_caches(bytes);
        weights = ggml_init({copies * ggml_tensor_overhead() * 2, nullptr, true});
        std::vector<ggml_tensor*> tensors;
        for (size_t i = 0; i < copies; i++) {
            tensors.push_back(ggml_new_tensor_2d(weights, type, k, n));
        }
        graphs = ggml_init({copies * (ggml_graph_overhead_custom(8, false) + 4 * ggml_tensor_overhead()) +
                                (size_t)(tokens * (k + n) * 4) + (1 << 20),
                            nullptr, false});
        ggml_tensor* x = ggml_new_tensor_2d(graphs, GGML_TYPE_F32, k, tokens);
        for (int64_t i = 0; i < k * tokens; i++) {
            ((float*)x->data)[i] = (float)((uint64_t)i * 2654435761u % 2001) / 1000 - 1;
        }
        float* y = (float*)ggml_new_tensor_2d(graphs, GGML_TYPE_F32, n, tokens)->data;

        ggml_backend_buffer_type_t place = ggml_backend_cpu_buffer_type();
        ggml_backend_dev_t device = ggml_backend_get_device(backend);
        const auto extra = (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(
            ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
        for (ggml_backend_buffer_type_t* other = extra ? extra(device) : nullptr; other && *other; other++) {
            ggml_context* probe = ggml_init({8 * ggml_tensor_overhead(), nullptr, true});
            ggml_tensor* w = ggml_new_tensor_2d(probe, type, k, n);
            ggml_tensor* product = ggml_mul_mat(probe, w, ggml_new_tensor_2d(probe, GGML_TYPE_F32, k, tokens));
            ggml_backend_buffer_t trial = ggml_backend_buft_alloc_buffer(*other, 64);
            w->buffer = trial;
            if (ggml_backend_dev_supports_op(device, product)) {
                place = *other;
                repacked = true;
            }
            ggml_backend_buffer_free(trial);
            ggml_free(probe);
            if (repacked) {
                break;
            }
        }
        buffer = ggml_backend_alloc_ctx_tensors_from_buft(weights, place);
        std::vector<float> row(k * n);
        for (size_t i = 0; i < row.size(); i++) {
            row[i] = (float)(i * 2246822519u % 4001) / 2000 - 1;
        }
        std::vector<char> packed(bytes);
        std::vector<float> importance(k, 1.0f);
        ggml_quantize_chunk(type, row.data(), packed.data(), 0, n, k, importance.data());
        for (ggml_tensor* tensor : tensors) {
            ggml_backend_tensor_set(tensor, packed.data(), 0, bytes);
            ggml_cgraph* graph = ggml_new_graph_custom(graphs, 8, false);
            ggml_set_no_alloc(graphs, true);
            ggml_tensor* product = ggml_mul_mat(graphs, tensor, x);
            ggml_set_no_alloc(graphs, false);
            product->data = y;
            ggml_build_forward_expand(graph, product);
            products.push_back(graph);
        }
    }

    ~Stock() {
        ggml_backend_buffer_free(buffer);
        ggml_free(weights);
        ggml_free(graphs);
    }
};

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: mixllm-cpu-versus-ggml <threads> <tokens> <percent 8-bit> [rounds] [N K] "
                             "[stock type...]\n");
        return 1;
    }
    const int threads = std::atoi(argv[1]);
    const int64_t tokens = std::atoll(argv[2]);
    const int64_t percent = std::atoll(argv[3]);
    const int rounds = argc > 4 ? std::atoi(argv[4]) : 7;
    const int64_t n = argc > 6 ? std::atoll(argv[5]) : 4096;
    const int64_t k = argc > 6 ? std::atoll(argv[6]) : 4096;
    if (threads < 1 || tokens < 1 || percent < 0 || percent > 100 || rounds < 1 || n < 16 || n % 16 || k < 256 ||
        k % 256) {
        std::fprintf(stderr, "mixllm-cpu-versus-ggml: numbers out of range (N a multiple of 16, K of 256)\n");
        return 1;
    }
    ggml_backend_t backend = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(backend, threads);
    std::vector<Stock*> stock;
    for (const ggml_type type : {GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_Q8_0,
                                 GGML_TYPE_IQ4_XS, GGML_TYPE_F16}) {
        const auto named = [type](const char* name) { return std::strcmp(name, ggml_type_name(type)) == 0; };
        if (argc <= 7 || std::any_of(argv + 7, argv + argc, named)) {
            stock.push_back(new Stock(type, backend, n, k, tokens));
        }
    }
    const RotatingWeights ours(n, k, percent, mixllm_cpu_gains_by_tiles());
    std::vector<float> x((size_t)(tokens * k)), y((size_t)(tokens * n));
    for (size_t i = 0; i < x.size(); i++) {
        x[i] = (float)(i * 2654435761u % 2001) / 1000 - 1;
    }
    const AlignedMemory activations = allocate_aligned(mixllm_cpu_activation_bytes(k, tokens));
    Team team(threads);
    const auto clock = threads == 1 ? thread_seconds : elapsed_seconds;
    const int calls = (int)std::max(2.0, 0.06 / std::max(2.0 * n * k * tokens / 100e9, (double)ours.bytes / 10e9));
    std::vector<std::vector<double>> seconds(stock.size() + 1), ratios(stock.size());
    size_t turn = 0;
    for (int round = 0; round <= rounds; round++) {
        const double mine = team.run(threads > 1, [&](int i) {
            for (int c = 0; c < calls; c++) {
                mixllm_cpu_quantize(x.data(), k, k, tokens, activations.get(), i, threads);
                if (threads > 1) {
                    team.wait();
                }
                mixllm_cpu_mul_mat(&ours.copies[(turn + c) % ours.copies.size()], activations.get(), tokens, y.data(),
                                   n, i, threads);
                if (threads > 1) {
                    team.wait();
                }
            }
        }) / calls;
        for (size_t s = 0; s < stock.size(); s++) {
            const double start = clock();
            for (int c = 0; c < calls; c++) {
                ggml_backend_graph_compute(backend, stock[s]->products[(turn + c) % stock[s]->products.size()]);
            }
            const double theirs = (clock() - start) / calls;
            if (round > 0) { // the first round warms up
                seconds[s].push_back(theirs);
                ratios[s].push_back(theirs / mine);
            }
        }
        if (round > 0) {
            seconds[stock.size()].push_back(mine);
        }
        turn += calls;
    }
    std::printf("%s, %d thread%s, N %lld, K %lld, %lld tokens, %lld %% 8-bit, median of %d\n", mixllm_cpu_isa(),
                threads, threads == 1 ? "" : "s", (long long)n, (long long)k, (long long)tokens, (long long)percent,
                rounds);
    const double operations = 2.0 * n * k * tokens;
    const double mine = median(seconds[stock.size()]);
    std::printf("%-8s %9.3f ms %8.1f GOPS %7.2f GB/s\n", "MixLLM", mine * 1e3, operations / mine * 1e-9,
                ours.bytes / mine * 1e-9);
    for (size_t s = 0; s < stock.size(); s++) {
        const double theirs = median(seconds[s]);
        std::printf("%-8s %9.3f ms %8.1f GOPS %7.2f GB/s   MixLLM %.2fx%s\n", ggml_type_name(stock[s]->type),
                    theirs * 1e3, operations / theirs * 1e-9, stock[s]->bytes / theirs * 1e-9, median(ratios[s]),
                    stock[s]->repacked ? "   (repacked)" : "");
        delete stock[s];
    }
    ggml_backend_free(backend);
    return 0;
}
