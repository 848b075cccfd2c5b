#include "fuzz_op.h"

#include "../../common/format/mixllm_format.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml-cpu.h"
#include "ggml.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

namespace {

struct Problem {
    mixllm_shape shape;
    bool stack;
    std::vector<int32_t> offsets; // of a stack: 4-bit rows of the experts before each one, and of all
    int64_t slots;                // experts that a token takes, 1 without a stack
    int64_t x_slots;              // rows of x a token: one for each of them, or one for all
    int64_t tokens;
    std::vector<int32_t> ids; // [tokens][slots]
    std::vector<uint8_t> components[MIXLLM_COMPONENTS];
    std::vector<float> x; // [tokens][x_slots][K]
};

Problem random_problem(std::mt19937& random) {
    Problem p;
    p.shape.n_experts = 1;
    const auto multiple = [&](int64_t of, int most) { return of * (random() % (most + 1)); };
    p.shape.n_inputs = MIXLLM_INPUT_BLOCK + multiple(MIXLLM_INPUT_BLOCK, 14);
    p.tokens = random() % 4 == 0 ? random() % 70 : random() % 10;
    p.stack = random() % 2 != 0;
    p.shape.n_experts = p.stack ? 1 + random() % 6 : 1;
    p.slots = p.stack ? 1 + random() % p.shape.n_experts : 1;
    p.x_slots = random() % 2 != 0 ? p.slots : 1;
    const int64_t n = MIXLLM_ROW_TILE + multiple(MIXLLM_ROW_TILE, 8);
    p.offsets = {0};
    std::vector<int32_t> rows;
    for (int64_t expert = 0; expert < p.shape.n_experts; expert++) {
        const int64_t n4 = random() % 3 == 0 ? random() % 2 * n : multiple(MIXLLM_ROW_TILE, n / MIXLLM_ROW_TILE);
        p.offsets.push_back(p.offsets.back() + static_cast<int32_t>(n4));
        std::vector<int32_t> own(n);
        std::iota(own.begin(), own.end(), 0);
        std::shuffle(own.begin(), own.end(), random);
        std::sort(own.begin(), own.begin() + n4);
        std::sort(own.begin() + n4, own.end());
        rows.insert(rows.end(), own.begin(), own.end());
    }
    p.shape.n4 = p.offsets.back();
    p.shape.n8 = n * p.shape.n_experts - p.shape.n4;
    p.ids.resize(p.stack ? static_cast<size_t>(p.slots * p.tokens) : 0);
    for (int32_t& id : p.ids) {
        id = random() % 16 == 0 ? static_cast<int32_t>(random()) : static_cast<int32_t>(random() % p.shape.n_experts);
    }

    for (int i = 0; i < MIXLLM_COMPONENTS; i++) {
        p.components[i].resize(static_cast<size_t>(mixllm_component_bytes(p.shape, static_cast<mixllm_component>(i))));
        for (uint8_t& byte : p.components[i]) {
            byte = static_cast<uint8_t>(random());
        }
    }
    memcpy(p.components[MIXLLM_ROWS].data(), rows.data(), p.components[MIXLLM_ROWS].size());

    static const float extremes[] = {0.0f, -0.0f, 1e-45f, 1e-38f, 3e38f, -3e38f, INFINITY, NAN};
    const bool extreme = random() % 3 == 0;
    std::normal_distribution<float> normal;
    p.x.resize(static_cast<size_t>(p.shape.n_inputs * p.x_slots * p.tokens));
    for (float& value : p.x) {
        value = extreme && random() % 8 == 0 ? extremes[random() % std::size(extremes)] : normal(random);
    }
    return p;
}

// An expert at a time, as a stack's scales and zero points must be.
void set_component(const Problem& p, mixllm_component component, ggml_tensor* tensor) {
    const int64_t n = mixllm_channels(p.shape);
    size_t start = 0;
    for (int64_t expert = 0; expert < p.shape.n_experts; expert++) {
        const int64_t n4 = p.offsets[expert + 1] - p.offsets[expert];
        const auto size = static_cast<size_t>(mixllm_channel_bytes(p.shape.n_inputs, n4, n - n4, component));
        if (size > 0) {
            ggml_backend_tensor_set(tensor, p.components[component].data() + start, start, size);
        }
        start += size;
    }
}

std::vector<float> compute(const Problem& p, ggml_backend_t backend, ggml_backend_buffer_type_t memory, int threads) {
    ggml_context_ptr weights(ggml_init({16 * ggml_tensor_overhead(), nullptr, true}));
    ggml_context_ptr context(ggml_init({16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
    ggml_tensor* tensors[MIXLLM_COMPONENTS] = {};
    for (int i = 0; i < MIXLLM_COMPONENTS; i++) {
        if (mixllm_has_component(p.shape, static_cast<mixllm_component>(i))) {
            const mixllm_tensor t = mixllm_component_tensor(p.shape, static_cast<mixllm_component>(i));
            tensors[i] = ggml_new_tensor_2d(weights.get(), static_cast<ggml_type>(t.type), t.ne[0], t.ne[1]);
        }
    }
    ggml_mixllm_components components = {tensors[0], tensors[1], tensors[2], tensors[3],
                                         tensors[4], tensors[5], nullptr};
    if (p.stack) {
        components.offsets = ggml_new_tensor_1d(weights.get(), GGML_TYPE_I32, p.shape.n_experts + 1);
    }
    ggml_tensor* w =
        ggml_new_tensor_3d(weights.get(), GGML_TYPE_I8, p.shape.n_inputs, mixllm_channels(p.shape), p.shape.n_experts);
    ggml_mixllm_set_components(w, &components);
    ggml_tensor* x = p.stack ? ggml_new_tensor_3d(context.get(), GGML_TYPE_F32, p.shape.n_inputs, p.x_slots, p.tokens)
                             : ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, p.shape.n_inputs, p.tokens);
    ggml_tensor* ids = ggml_new_tensor_2d(context.get(), GGML_TYPE_I32, p.slots, p.tokens);
    ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, 1); // so that there is something to allocate even without tokens
    ggml_tensor* y = p.stack ? ggml_mul_mat_id(context.get(), w, x, ids) : ggml_mul_mat(context.get(), w, x);
    ggml_cgraph* graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, y);

    ggml_backend_buffer_ptr weight_buffer(ggml_backend_alloc_ctx_tensors_from_buft(weights.get(), memory));
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend));
    if (!ggml_backend_supports_op(backend, y)) {
        return {};
    }
    for (int i = 0; i < MIXLLM_COMPONENTS; i++) {
        if (tensors[i] != nullptr) {
            set_component(p, static_cast<mixllm_component>(i), tensors[i]);
        }
    }
    if (p.stack) {
        ggml_backend_tensor_set(components.offsets, p.offsets.data(), 0, p.offsets.size() * sizeof(int32_t));
        ggml_backend_tensor_set(ids, p.ids.data(), 0, p.ids.size() * sizeof(int32_t));
    }
    ggml_backend_tensor_set(x, p.x.data(), 0, p.x.size() * sizeof(float));
    ggml_backend_cpu_set_n_threads(backend, threads);
    ggml_backend_graph_compute(backend, graph);
    std::vector<float> result(static_cast<size_t>(ggml_nelements(y)));
    ggml_backend_tensor_get(y, result.data(), 0, result.size() * sizeof(float));
    return result;
}

// Any NaN is as good as another.
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    for (size_t i = 0; i < a.size(); i++) {
        if (memcmp(&a[i], &b[i], sizeof(float)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) {
            return false;
        }
    }
    return a.size() == b.size();
}

} // namespace

void fuzz_op(std::mt19937& random) {
    const Problem problem = random_problem(random);
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
    std::vector<ggml_backend_buffer_type_t> memories = {ggml_backend_dev_buffer_type(device)};
    const auto get_extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
    for (ggml_backend_buffer_type_t* type = get_extra(device); type != nullptr && *type != nullptr; type++) {
        if (strcmp(ggml_backend_buft_name(*type), "CPU_MIXLLM") == 0) {
            memories.push_back(*type);
        }
    }
    const std::vector<float> expected = compute(problem, backend.get(), memories[0], 1);
    for (ggml_backend_buffer_type_t memory : memories) {
        for (const int threads : {1, 2, 5}) {
            const std::vector<float> got = compute(problem, backend.get(), memory, threads);
            if (!got.empty() && !same_bits(got, expected)) {
                fprintf(stderr, "K=%lld N4=%lld N8=%lld tokens=%lld: other bits in %s with %d threads\n",
                        (long long)problem.shape.n_inputs, (long long)problem.shape.n4, (long long)problem.shape.n8,
                        (long long)problem.tokens, ggml_backend_buft_name(memory), threads);
                exit(1);
            }
        }
    }
}
