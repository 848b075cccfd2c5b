// The products of one mixture-of-experts layer (gate and up of the same x, then down) with MixLLM's kernels and with
// ggml's stock types, interleaved in one run: milliseconds, how many times faster MixLLM is, and the bytes of the
// chosen experts a second as a share of what reading the same bytes gives, and of what reading gives that nothing
// interrupts: an expert lies in components of 1 to 700 KB. Experts are chosen at random, anew in each call.
// Stock weights lie in ggml's repacked form where ggml has one for their type, as in llama.cpp.
//
//   mixllm-cpu-experts-versus-ggml <threads> <tokens> <percent 8-bit> <rounds> <N> <K> <experts> <used> <stock type...>
//
// N is the width of the experts, K that of the model: gate and up are [N, K], down is [K, N]. With one thread times are
// CPU times, else elapsed times.

#include "elapsed_seconds.h"
#include "measure_bandwidth.h"
#include "mixllm_cpu.h"
#include "team.h"

#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>

namespace {

struct Layer {
    int64_t n, k, experts, used, tokens;
    std::vector<std::vector<int32_t>> choices; // [call][tokens * used], the experts of a token all different
    std::vector<float> x, h;                   // [tokens][k], [tokens][used][n]

    Layer(int64_t n, int64_t k, int64_t experts, int64_t used, int64_t tokens)
        : n(n), k(k), experts(experts), used(used), tokens(tokens), choices(16), x(tokens * k), h(tokens * used * n) {
        std::mt19937 random(1);
        std::normal_distribution<float> normal;
        for (std::vector<float>* values : {&x, &h}) {
            for (float& value : *values) {
                value = normal(random);
            }
        }
        std::vector<int32_t> all(experts);
        std::iota(all.begin(), all.end(), 0);
        for (std::vector<int32_t>& choice : choices) {
            for (int64_t t = 0; t < tokens; t++) {
                std::shuffle(all.begin(), all.end(), random);
                choice.insert(choice.end(), all.begin(), all.begin() + used);
            }
        }
    }

    const std::vector<int32_t>& choice(int call) const { return choices[call % choices.size()]; }

    double operations() const { return 3.0 * 2 * n * k * tokens * used; }

    // Mean number of different experts in a call.
    double chosen() const {
        double count = 0;
        for (const std::vector<int32_t>& choice : choices) {
            std::vector<bool> seen(experts);
            for (const int32_t e : choice) {
                count += !seen[e];
                seen[e] = true;
            }
        }
        return count / choices.size();
    }
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// A stack with random weights and, from expert to expert, other numbers of 8-bit channels, anywhere among all.
struct Stack {
    std::vector<int32_t> offsets = {0}, rows;
    std::unique_ptr<char, void (*)(void*)> memory{nullptr, mixllm_cpu_free};
    size_t at[MIXLLM_COMPONENTS + 1] = {}; // where each component begins in the memory
    size_t bytes = 0;
    mixllm_cpu_experts view;

    Stack(int64_t n, int64_t k, int64_t experts, int64_t percent) {
        std::mt19937_64 random(2);
        for (int64_t e = 0; e < experts; e++) {
            const int64_t n8 = (n * percent / 100 + (percent == 0 || percent == 100 ? 0 : e % 2 * 16)) / 16 * 16;
            offsets.push_back(offsets.back() + (int32_t)(n - n8));
            rows.resize(rows.size() + n);
            std::iota(rows.end() - n, rows.end(), 0);
            std::shuffle(rows.end() - n, rows.end(), random);
            std::sort(rows.end() - n, rows.end() - n8);
            std::sort(rows.end() - n8, rows.end());
        }
        const int64_t n4 = offsets.back(), n8 = experts * n - n4;
        for (int i = 0; i < MIXLLM_ROWS; i++) {
            const int64_t size = mixllm_channel_bytes(k, n4, n8, (mixllm_component)i);
            bytes += (size_t)size;
            at[i + 1] = at[i] + (size_t)(size + 63) / 64 * 64;
        }
        memory.reset((char*)mixllm_cpu_allocate(at[MIXLLM_ROWS]));
        for (size_t i = 0; i + 8 <= at[MIXLLM_ROWS]; i += 8) {
            const uint64_t value = random();
            std::memcpy(memory.get() + i, &value, 8);
        }
        for (const int i : {MIXLLM_W4_SCALE, MIXLLM_W8_SCALE}) {
            uint16_t* scales = (uint16_t*)(memory.get() + at[i]);
            std::fill(scales, scales + (at[i + 1] - at[i]) / 2, (uint16_t)0x1C00);
        }
        const char* base = memory.get();
        view = {k,
                n,
                experts,
                offsets.data(),
                (const uint8_t*)base,
                (const uint16_t*)(base + at[MIXLLM_W4_SCALE]),
                (const uint8_t*)base + at[MIXLLM_W4_ZERO],
                (const int8_t*)base + at[MIXLLM_W8],
                (const uint16_t*)(base + at[MIXLLM_W8_SCALE]),
                rows.data(),
                mixllm_cpu_gains_by_tiles()};
    }

    // Where an expert's components lie, or a thread's like share of each.
    void add_pieces(int64_t expert, int thread, int threads, std::vector<MemoryPiece>& to) const {
        const int64_t n4 = offsets[expert], n8 = expert * view.n_outputs - n4;
        const int64_t end4 = offsets[expert + 1], end8 = (expert + 1) * view.n_outputs - end4;
        for (int i = 0; i < MIXLLM_ROWS; i++) {
            const int64_t start = mixllm_channel_bytes(view.n_inputs, n4, n8, (mixllm_component)i);
            const int64_t bytes = mixllm_channel_bytes(view.n_inputs, end4, end8, (mixllm_component)i) - start;
            const int64_t first = bytes / 8 * thread / threads * 8, last = bytes / 8 * (thread + 1) / threads * 8;
            to.push_back({memory.get() + at[i] + start + first, (size_t)(last - first)});
        }
    }
};

struct Ours {
    const Layer& layer;
    Stack gate, up, down;
    std::vector<float> y, y_down;
    std::unique_ptr<char, void (*)(void*)> work{nullptr, mixllm_cpu_free};

    Ours(const Layer& layer, int64_t percent, int threads)
        : layer(layer), gate(layer.n, layer.k, layer.experts, percent), up(layer.n, layer.k, layer.experts, percent),
          down(layer.k, layer.n, layer.experts, percent), y(layer.tokens * layer.used * layer.n),
          y_down(layer.tokens * layer.used * layer.k) {
        const mixllm_cpu_routing of_x = routing_of_x(0), of_h = routing_of_h(0);
        const size_t size =
            std::max(mixllm_cpu_route_bytes(&of_x, layer.k, threads), mixllm_cpu_route_bytes(&of_h, layer.n, threads));
        work.reset((char*)mixllm_cpu_allocate(size));
    }

    mixllm_cpu_routing routing_of_x(int call) const {
        return {layer.experts,  layer.tokens,
                layer.used,     layer.choice(call).data(),
                layer.used,     1,
                layer.x.data(), 1,
                layer.k,        0};
    }

    mixllm_cpu_routing routing_of_h(int call) const {
        return {
            layer.experts, layer.tokens,         layer.used, layer.choice(call).data(), layer.used, 1, layer.h.data(),
            layer.used,    layer.used * layer.n, layer.n};
    }

    template <class Wait>
    void compute(int call, int thread, int threads, Wait&& wait) {
        const mixllm_cpu_routing of_x = routing_of_x(call), of_h = routing_of_h(call);
        const int64_t stride = layer.used * layer.n;
        mixllm_cpu_route(&of_x, layer.k, work.get(), thread, threads);
        wait();
        mixllm_cpu_mul_mat_experts(&gate.view, &of_x, work.get(), y.data(), stride, layer.n, thread, threads);
        wait();
        mixllm_cpu_mul_mat_experts(&up.view, &of_x, work.get(), y.data(), stride, layer.n, thread, threads);
        wait();
        mixllm_cpu_route(&of_h, layer.n, work.get(), thread, threads);
        wait();
        mixllm_cpu_mul_mat_experts(&down.view, &of_h, work.get(), y_down.data(), layer.used * layer.k, layer.k, thread,
                                   threads);
        wait();
    }

    // What a thread's even share of the calls' experts is, in the order in which products come to them.
    std::vector<MemoryPiece> pieces_of_chosen(int first_call, int calls, int thread, int threads) const {
        std::vector<MemoryPiece> pieces;
        for (int call = first_call; call < first_call + calls; call++) {
            const std::set<int32_t> chosen(layer.choice(call).begin(), layer.choice(call).end());
            for (const Stack* stack : {&gate, &up, &down}) {
                for (const int32_t expert : chosen) {
                    stack->add_pieces(expert, thread, threads, pieces);
                }
            }
        }
        return pieces;
    }

    // A thread's even share of all stacks.
    std::vector<MemoryPiece> pieces_of_stacks(int thread, int threads) const {
        std::vector<MemoryPiece> pieces;
        for (const Stack* stack : {&gate, &up, &down}) {
            const size_t share = stack->bytes / threads / 64 * 64;
            pieces.push_back({stack->memory.get() + thread * share, share});
        }
        return pieces;
    }

    double bytes_of_chosen() const {
        return (double)(gate.bytes + up.bytes + down.bytes) / layer.experts * layer.chosen();
    }
};

// Where ggml keeps experts of this type on the CPU.
ggml_backend_buffer_type_t place_of(ggml_backend_t backend, ggml_type type, int64_t k, int64_t n, const Layer& layer,
                                    bool& repacked) {
    ggml_backend_dev_t device = ggml_backend_get_device(backend);
    const auto extra = (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    for (ggml_backend_buffer_type_t* other = extra ? extra(device) : nullptr; other && *other; other++) {
        ggml_context* probe = ggml_init({8 * ggml_tensor_overhead(), nullptr, true});
        ggml_tensor* w = ggml_new_tensor_3d(probe, type, k, n, layer.experts);
        ggml_tensor* product =
            ggml_mul_mat_id(probe, w, ggml_new_tensor_3d(probe, GGML_TYPE_F32, k, layer.used, layer.tokens),
                            ggml_new_tensor_2d(probe, GGML_TYPE_I32, layer.used, layer.tokens));
        ggml_backend_buffer_t trial = ggml_backend_buft_alloc_buffer(*other, 64);
        w->buffer = trial;
        const bool supported = ggml_backend_dev_supports_op(device, product);
        ggml_backend_buffer_free(trial);
        ggml_free(probe);
        if (supported) {
            repacked = true;
            return *other;
        }
    }
    return ggml_backend_cpu_buffer_type();
}

struct Stock {
    const Layer& layer;
    ggml_type type;
    bool repacked = false;
    ggml_context* context;
    ggml_context* graph_context;
    std::vector<ggml_backend_buffer_t> buffers;
    ggml_tensor* ids;
    ggml_cgraph* graph;

    Stock(const Layer& layer, ggml_type type, ggml_backend_t backend) : layer(layer), type(type) {
        context = ggml_init({8 * ggml_tensor_overhead(), nullptr, true});
        const size_t floats = (size_t)(layer.tokens * (layer.k + layer.used * (3 * layer.n + layer.k)));
        graph_context =
            ggml_init({16 * ggml_tensor_overhead() + ggml_graph_overhead() + floats * 4 + (2 << 20), nullptr, false});
        ggml_tensor* x = ggml_new_tensor_3d(graph_context, GGML_TYPE_F32, layer.k, 1, layer.tokens);
        ggml_tensor* h = ggml_new_tensor_3d(graph_context, GGML_TYPE_F32, layer.n, layer.used, layer.tokens);
        ids = ggml_new_tensor_2d(graph_context, GGML_TYPE_I32, layer.used, layer.tokens);
        std::memcpy(x->data, layer.x.data(), layer.x.size() * 4);
        std::memcpy(h->data, layer.h.data(), layer.h.size() * 4);
        graph = ggml_new_graph(graph_context);
        for (const bool down : {false, false, true}) {
            const int64_t k = down ? layer.n : layer.k, n = down ? layer.k : layer.n;
            ggml_context* one = ggml_init({2 * ggml_tensor_overhead(), nullptr, true});
            ggml_tensor* w = ggml_new_tensor_3d(one, type, k, n, layer.experts);
            buffers.push_back(
                ggml_backend_alloc_ctx_tensors_from_buft(one, place_of(backend, type, k, n, layer, repacked)));
            std::vector<float> row(k * n), importance(k, 1.0f);
            for (size_t i = 0; i < row.size(); i++) {
                row[i] = (float)(i * 2246822519u % 4001) / 2000 - 1;
            }
            const size_t size = ggml_row_size(type, k) * n;
            std::vector<char> packed(size * layer.experts);
            ggml_quantize_chunk(type, row.data(), packed.data(), 0, n, k, importance.data());
            for (int64_t e = 1; e < layer.experts; e++) {
                std::memcpy(packed.data() + e * size, packed.data(), size);
            }
            ggml_backend_tensor_set(w, packed.data(), 0, packed.size());
            ggml_build_forward_expand(graph, ggml_mul_mat_id(graph_context, w, down ? h : x, ids));
        }
    }

    double bytes_of_chosen() const {
        return layer.chosen() *
               (2.0 * ggml_row_size(type, layer.k) * layer.n + 1.0 * ggml_row_size(type, layer.n) * layer.k);
    }

    void compute(int call, ggml_backend_t backend) const {
        std::memcpy(ids->data, layer.choice(call).data(), layer.choice(call).size() * 4);
        ggml_backend_graph_compute(backend, graph);
    }
};

ggml_type type_named(const char* name) {
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        if (ggml_type_name((ggml_type)i) != nullptr && std::strcmp(ggml_type_name((ggml_type)i), name) == 0) {
            return (ggml_type)i;
        }
    }
    std::fprintf(stderr, "mixllm-cpu-experts-versus-ggml: ggml has no type %s\n", name);
    std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 9) {
        std::fprintf(stderr,
                     "usage: mixllm-cpu-experts-versus-ggml <threads> <tokens> <percent 8-bit> <rounds> <N> <K> "
                     "<experts> <used> <stock type...>\n");
        return 1;
    }
    const int threads = std::atoi(argv[1]);
    const int64_t percent = std::atoll(argv[3]);
    const int rounds = std::atoi(argv[4]);
    const Layer layer(std::atoll(argv[5]), std::atoll(argv[6]), std::atoll(argv[7]), std::atoll(argv[8]),
                      std::atoll(argv[2]));
    ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    ggml_backend_t backend = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(backend, threads);
    std::vector<std::unique_ptr<Stock>> stock;
    for (int i = 9; i < argc; i++) {
        stock.push_back(std::make_unique<Stock>(layer, type_named(argv[i]), backend));
    }
    Ours ours(layer, percent, threads);
    Team team(threads);
    const auto clock = threads == 1 ? thread_seconds : elapsed_seconds;
    const int calls = (int)std::max(1.0, 0.1 / std::max(layer.operations() / 100e9, ours.bytes_of_chosen() / 10e9));
    std::vector<std::vector<double>> seconds(stock.size() + 1), ratios(stock.size());
    std::vector<double> shares_of_chosen, shares_of_stacks;
    // The sum of the threads' bandwidths.
    const auto read = [&](const std::function<double(int)>& bandwidth_of) {
        std::vector<double> bandwidths(threads);
        team.run(threads > 1, [&](int i) { bandwidths[i] = bandwidth_of(i); });
        return std::accumulate(bandwidths.begin(), bandwidths.end(), 0.0);
    };
    int turn = 0;
    // The first round warms up. All stacks are read before the product and before its bytes alone are, so that each
    // finds the same in the caches.
    for (int round = 0; round <= rounds; round++) {
        const double of_stacks =
            read([&](int i) { return measure_bandwidth(ours.pieces_of_stacks(i, threads), clock); });
        const double mine = team.run(threads > 1, [&](int i) {
            for (int c = 0; c < calls; c++) {
                ours.compute(turn + c, i, threads, [&] {
                    if (threads > 1) {
                        team.wait();
                    }
                });
            }
        }) / calls;
        const double of_chosen = read([&](int i) {
            return measure_bandwidth(ours.pieces_of_chosen(turn, calls, i, threads), clock,
                                     ours.pieces_of_stacks(i, threads));
        });
        if (round > 0) {
            seconds.back().push_back(mine);
            const double bandwidth = ours.bytes_of_chosen() / mine * 1e-9;
            shares_of_chosen.push_back(bandwidth / of_chosen);
            shares_of_stacks.push_back(bandwidth / of_stacks);
        }
        for (size_t s = 0; s < stock.size(); s++) {
            const double start = clock();
            for (int c = 0; c < calls; c++) {
                stock[s]->compute(turn + c, backend);
            }
            const double theirs = (clock() - start) / calls;
            if (round > 0) {
                seconds[s].push_back(theirs);
                ratios[s].push_back(theirs / mine);
            }
        }
        turn += calls;
    }
    std::printf("%s, %d thread%s, N %lld, K %lld, %lld experts, %lld used, %lld tokens, %lld %% 8-bit, %.1f experts a "
                "call, median of %d\n",
                mixllm_cpu_isa(), threads, threads == 1 ? "" : "s", (long long)layer.n, (long long)layer.k,
                (long long)layer.experts, (long long)layer.used, (long long)layer.tokens, (long long)percent,
                layer.chosen(), rounds);
    const double mine = median(seconds.back());
    std::printf(
        "%-8s %9.3f ms %8.1f GOPS %7.2f GB/s   %.0f %% of reading these bytes, %.0f %% of reading whole stacks\n",
        "MixLLM", mine * 1e3, layer.operations() / mine * 1e-9, ours.bytes_of_chosen() / mine * 1e-9,
        100 * median(shares_of_chosen), 100 * median(shares_of_stacks));
    for (size_t s = 0; s < stock.size(); s++) {
        const double theirs = median(seconds[s]);
        std::printf("%-8s %9.3f ms %8.1f GOPS %7.2f GB/s   MixLLM %.2fx%s\n", ggml_type_name(stock[s]->type),
                    theirs * 1e3, layer.operations() / theirs * 1e-9, stock[s]->bytes_of_chosen() / theirs * 1e-9,
                    median(ratios[s]), stock[s]->repacked ? "   (repacked)" : "");
    }
    return 0;
}
