#include "experts.h"

#include "weight.h"

#include "../../common/format/mixllm_format.h"
#include "ggml-alloc.h"
#include "ggml-cpp.h"
#include "ggml-cpu.h"

#include <cstdio>
#include <limits>

std::string ExpertsCase::name() const {
    std::string text = "experts n4=";
    for (const int64_t n : n4) {
        text += std::to_string(n) + ",";
    }
    return text + " n=" + std::to_string(n_outputs) + " k=" + std::to_string(n_inputs) +
           " used=" + std::to_string(used) + " tokens=" + std::to_string(tokens) + " own_x=" + std::to_string(own_x) +
           " strided=" + std::to_string(strided) + " threads=" + std::to_string(threads);
}

namespace {

// A stack of weights and its tensors.
struct Stack {
    std::vector<Weight> experts;
    ggml_mixllm_components tensors = {};
    ggml_tensor* weight;

    Stack(const ExpertsCase& c, ggml_context* ctx, std::mt19937& random) {
        mixllm_shape shape = {c.n_inputs, 0, 0, (int64_t)c.n4.size()};
        for (const int64_t n4 : c.n4) {
            experts.emplace_back(n4, c.n_outputs - n4, c.n_inputs, random);
            shape.n4 += n4;
            shape.n8 += c.n_outputs - n4;
        }
        ggml_tensor** const all[] = {&tensors.w4, &tensors.w4_scale, &tensors.w4_zero,
                                     &tensors.w8, &tensors.w8_scale, &tensors.rows};
        for (int i = 0; i < MIXLLM_COMPONENTS; i++) {
            const auto component = static_cast<mixllm_component>(i);
            if (mixllm_has_component(shape, component)) {
                const mixllm_tensor t = mixllm_component_tensor(shape, component);
                *all[i] = ggml_new_tensor_2d(ctx, static_cast<ggml_type>(t.type), t.ne[0], t.ne[1]);
            }
        }
        tensors.offsets = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, shape.n_experts + 1);
        weight = ggml_new_tensor_3d(ctx, GGML_TYPE_I8, c.n_inputs, c.n_outputs, shape.n_experts);
        ggml_mixllm_set_components(weight, &tensors);
    }

    void set() const {
        std::vector<int32_t> offsets = {0};
        std::vector<int32_t> rows;
        size_t w4 = 0, w4_scale = 0, w4_zero = 0, w8 = 0, w8_scale = 0;
        for (const Weight& expert : experts) {
            offsets.push_back(offsets.back() + static_cast<int32_t>(expert.n4));
            rows.insert(rows.end(), expert.rows.begin(), expert.rows.end());
            add(tensors.w4, w4, expert.w4);
            add(tensors.w4_scale, w4_scale, expert.w4_scale);
            add(tensors.w4_zero, w4_zero, expert.w4_zero);
            add(tensors.w8, w8, expert.w8);
            add(tensors.w8_scale, w8_scale, expert.w8_scale);
        }
        upload(tensors.offsets, offsets);
        upload(tensors.rows, rows);
    }

private:
    template <typename T>
    static void add(ggml_tensor* tensor, size_t& at, const std::vector<T>& data) {
        if (!data.empty()) {
            ggml_backend_tensor_set(tensor, data.data(), at, data.size() * sizeof(T));
            at += data.size() * sizeof(T);
        }
    }
};

// The inputs of a product, as a device sees them and as the reference does.
struct Inputs {
    int64_t used, tokens, x_rows, x_room, ids_room;
    ggml_tensor *x_storage, *ids_storage, *x, *ids;
    std::vector<float> x_values;
    std::vector<int32_t> id_values;

    Inputs(const ExpertsCase& c, ggml_context* ctx)
        : used(c.used), tokens(c.tokens), x_rows(c.own_x ? c.used : 1), x_room(c.n_inputs + (c.strided ? 32 : 0)),
          ids_room(c.used + (c.strided ? 3 : 0)) {
        x_storage = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, x_room, x_rows, tokens);
        ids_storage = ggml_new_tensor_2d(ctx, GGML_TYPE_I32, ids_room, tokens);
        x = !c.strided ? x_storage
                       : ggml_view_3d(ctx, x_storage, c.n_inputs, x_rows, tokens, x_storage->nb[1], x_storage->nb[2],
                                      16 * sizeof(float));
        ids = !c.strided ? ids_storage : ggml_view_2d(ctx, ids_storage, used, tokens, ids_storage->nb[1], 0);
    }

    const float* row(int64_t token, int64_t slot) const {
        return x_values.data() + (token * x_rows + slot % x_rows) * x_room + (x_room != x->ne[0] ? 16 : 0);
    }

    int32_t id(int64_t token, int64_t slot) const { return id_values[token * ids_room + slot]; }

    // Round by round: any experts, one for all, the same ones several times, and ids that are no expert's.
    void set(int round, int32_t n_experts, std::mt19937& random) {
        std::normal_distribution<float> normal;
        x_values.resize(ggml_nelements(x_storage));
        for (float& value : x_values) {
            value = normal(random);
        }
        static const int32_t wrong[] = {-1, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
        id_values.assign(ggml_nelements(ids_storage), 1 << 20);
        for (int64_t i = 0; i < tokens * used; i++) {
            int32_t& id = id_values[i / used * ids_room + i % used];
            const uint32_t r = random();
            id = round % 4 == 1   ? n_experts / 2
                 : round % 4 == 2 ? static_cast<int32_t>(i / 2 % n_experts)
                 : round % 4 == 3 ? (r % 4 < 3 ? wrong[r % 4] : n_experts - static_cast<int32_t>(r / 4 % 2))
                                  : static_cast<int32_t>(r % static_cast<uint32_t>(n_experts));
        }
        upload(x_storage, x_values);
        upload(ids_storage, id_values);
    }
};

bool check(const ExpertsCase& c, const Stack& stack, const Inputs& inputs, const ggml_tensor* y) {
    std::vector<float> result(ggml_nelements(y));
    ggml_backend_tensor_get(y, result.data(), 0, result.size() * sizeof(float));
    std::vector<double> expected, magnitude;
    for (int64_t token = 0; token < c.tokens; token++) {
        for (int64_t slot = 0; slot < c.used; slot++) {
            const int32_t id = inputs.id(token, slot);
            const bool exists = id >= 0 && id < static_cast<int32_t>(stack.experts.size());
            if (exists) {
                reference(stack.experts[id], inputs.row(token, slot), expected, magnitude);
            }
            const float* got = result.data() + (token * c.used + slot) * c.n_outputs;
            for (int64_t n = 0; n < c.n_outputs; n++) {
                if (exists ? !agrees(got[n], expected[n], magnitude[n]) : !std::isnan(got[n])) {
                    fprintf(stderr, "%s: token %lld slot %lld (expert %d) channel %lld is %.9g, expected %.9g\n",
                            c.name().c_str(), (long long)token, (long long)slot, id, (long long)n, got[n],
                            exists ? expected[n] : std::nan(""));
                    return false;
                }
            }
        }
    }
    return true;
}

} // namespace

bool run_experts(const ExpertsCase& c, ggml_backend_t backend, ggml_backend_buffer_type_t weight_buffers,
                 bool& supported) {
    std::mt19937 random(static_cast<unsigned>(c.n4.size() * 31 + c.n_inputs + c.tokens * 7 + c.used));
    ggml_context_ptr weight_context(ggml_init({32 * ggml_tensor_overhead(), nullptr, true}));
    ggml_context_ptr context(ggml_init({64 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
    ggml_context* ctx = context.get();
    const Stack gate(c, weight_context.get(), random);
    const Stack up(c, weight_context.get(), random);
    ggml_new_tensor_1d(ctx, GGML_TYPE_F32, 1); // so that there is something to allocate even without tokens
    Inputs inputs(c, ctx);
    Inputs other(c, ctx);

    // As a layer has them: two products of the same x and ids, of which a backend may share the quantized x; then ones
    // that share but one of the two.
    const std::pair<const Stack*, std::pair<Inputs*, Inputs*>> products[] = {{&gate, {&inputs, &inputs}},
                                                                             {&up, {&inputs, &inputs}},
                                                                             {&up, {&inputs, &other}},
                                                                             {&gate, {&other, &other}},
                                                                             {&gate, {&inputs, &inputs}}};
    std::vector<ggml_tensor*> results;
    ggml_cgraph* graph = ggml_new_graph(ctx);
    for (const auto& [stack, of] : products) {
        results.push_back(ggml_mul_mat_id(ctx, stack->weight, of.first->x, of.second->ids));
        ggml_build_forward_expand(graph, results.back());
    }
    if (results[0]->op != GGML_OP_MUL_MAT_ID_MIXLLM) {
        fprintf(stderr, "%s: ggml_mul_mat_id built %s\n", c.name().c_str(), ggml_op_name(results[0]->op));
        return false;
    }
    ggml_backend_buffer_ptr weights(ggml_backend_alloc_ctx_tensors_from_buft(weight_context.get(), weight_buffers));
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(ctx, backend));
    supported = ggml_backend_supports_op(backend, results[0]);
    if (!supported) {
        return true;
    }
    gate.set();
    up.set();
    if (ggml_backend_is_cpu(backend)) {
        ggml_backend_cpu_set_n_threads(backend, c.threads);
    }
    for (int round = 0; round < c.rounds; round++) {
        const auto n_experts = static_cast<int32_t>(c.n4.size());
        inputs.set(round, n_experts, random);
        other.set(round + 1, n_experts, random);
        if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
            fprintf(stderr, "%s: compute failed in round %d\n", c.name().c_str(), round);
            return false;
        }
        for (size_t i = 0; i < results.size(); i++) {
            Inputs mixed = *products[i].second.first;
            mixed.id_values = products[i].second.second->id_values;
            if (!check(c, *products[i].first, mixed, results[i])) {
                return false;
            }
        }
    }
    return true;
}

std::vector<ExpertsCase> all_experts_cases() {
    std::vector<ExpertsCase> cases;
    // Equal and unequal numbers of 4-bit channels, experts and whole stacks without one of the parts, one expert alone.
    const std::vector<std::vector<int64_t>> stacks = {
        {32, 32, 32, 32}, {64, 0, 16, 48, 32}, {64, 64, 64}, {0, 0}, {48}};
    for (const auto& n4 : stacks) {
        for (int64_t n_inputs : {32, 160, 384}) {
            for (int64_t tokens : {1, 2, 9}) {
                const int64_t used = static_cast<int64_t>(n4.size()) < 3 ? 1 : 3;
                cases.push_back({n_inputs, 64, n4, used, tokens, tokens % 2 == 0, n_inputs == 160, 2, 4});
            }
        }
    }
    // Each kernel of a backend that has several for different numbers of tokens an expert has, time and again.
    for (int64_t tokens : {5, 12, 20, 50, 200}) {
        cases.push_back({288, 96, {48, 96}, 2, tokens, tokens % 2 == 0, false, 2, 4});
    }
    for (int threads : {1, 2, 3, 5}) {
        for (bool strided : {false, true}) {
            cases.push_back({256, 32, {16, 32, 0, 16, 16, 16, 32, 16}, 4, 0, false, strided, threads});
            cases.push_back({256, 32, {16, 32, 0, 16, 16, 16, 32, 16}, 4, 5, true, strided, threads, 4});
            cases.push_back({256, 32, std::vector<int64_t>(64, 16), 8, 100, false, strided, threads, 2});
        }
    }
    return cases;
}
