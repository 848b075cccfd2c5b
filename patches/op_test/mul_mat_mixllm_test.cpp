// Runs GGML_OP_MUL_MAT_MIXLLM and GGML_OP_MUL_MAT_ID_MIXLLM on every ggml device of this build over many shapes and
// layouts and holds each result against the definition in float64. Kernel-level cases are the kernels' own tests'
// business; this one proves the binding: sources, empty parts, batches, strides, threads, that ggml_mul_mat on a weight
// builds the op, that two nodes may read one x, and that a graph computed again, which a backend may replay, sees the
// new x.
//   mul-mat-mixllm-test [--gpu]     --gpu: on the GPUs alone, of which there must be one

#include "experts.h"
#include "weight.h"

#include "../../common/format/mixllm_format.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml-cpu.h"
#include "ggml.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

struct Case {
    int64_t n4, n8, n_inputs;
    int64_t tokens, batch2, batch3;
    bool strided; // x is a view of a wider tensor, its batches in swapped order
    int threads;
    int rounds = 1; // the graph is computed so often, each time on another x

    std::string name() const {
        char text[160];
        snprintf(text, sizeof(text), "n4=%lld n8=%lld k=%lld tokens=%lld batch=%lldx%lld strided=%d threads=%d",
                 (long long)n4, (long long)n8, (long long)n_inputs, (long long)tokens, (long long)batch2,
                 (long long)batch3, strided, threads);
        return text;
    }
};

// Holds y, the product of `weight` and an x of these values, against the reference.
bool check(const Case& c, const Weight& weight, const std::vector<float>& values, const ggml_tensor* y) {
    const int64_t n_outputs = c.n4 + c.n8;
    std::vector<float> result(ggml_nelements(y));
    ggml_backend_tensor_get(y, result.data(), 0, result.size() * sizeof(float));

    const int64_t row_stride = c.n_inputs + (c.strided ? 32 : 0);
    std::vector<double> expected, magnitude;
    for (int64_t b3 = 0; b3 < c.batch3; b3++) {
        for (int64_t b2 = 0; b2 < c.batch2; b2++) {
            for (int64_t token = 0; token < c.tokens; token++) {
                const int64_t slice = c.strided ? b2 * c.batch3 + b3 : b3 * c.batch2 + b2;
                const float* row = values.data() + (slice * c.tokens + token) * row_stride + (c.strided ? 16 : 0);
                reference(weight, row, expected, magnitude);
                const float* got = result.data() + ((b3 * c.batch2 + b2) * c.tokens + token) * n_outputs;
                for (int64_t n = 0; n < n_outputs; n++) {
                    if (!agrees(got[n], expected[n], magnitude[n])) {
                        fprintf(stderr, "%s: batch (%lld, %lld) token %lld channel %lld is %.9g, expected %.9g\n",
                                c.name().c_str(), (long long)b2, (long long)b3, (long long)token, (long long)n, got[n],
                                expected[n]);
                        return false;
                    }
                }
            }
        }
    }
    return true;
}

// Returns whether the device computed the case right with weights in buffers of this type; explains itself on stderr
// where it did not.
bool run(const Case& c, ggml_backend_t backend, ggml_backend_buffer_type_t weight_buffers, bool& supported) {
    std::mt19937 random(static_cast<unsigned>(c.n4 * 31 + c.n8 * 17 + c.n_inputs + c.tokens));
    const Weight weight(c.n4, c.n8, c.n_inputs, random);
    const int64_t n_outputs = c.n4 + c.n8;

    ggml_context_ptr weight_context(ggml_init({16 * ggml_tensor_overhead(), nullptr, true}));
    ggml_context_ptr context(ggml_init({64 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
    ggml_context* ctx = weight_context.get();

    ggml_mixllm_components components = {};
    if (c.n4 > 0) {
        components.w4 = ggml_new_tensor_2d(ctx, GGML_TYPE_I8, c.n_inputs / 2, c.n4);
        components.w4_scale = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, c.n4, weight.groups);
        components.w4_zero = ggml_new_tensor_2d(ctx, GGML_TYPE_I8, c.n4 / 2, weight.groups);
    }
    if (c.n8 > 0) {
        components.w8 = ggml_new_tensor_2d(ctx, GGML_TYPE_I8, c.n_inputs, c.n8);
        components.w8_scale = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, c.n8, weight.groups);
    }
    components.rows = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, n_outputs);

    ggml_tensor* w = ggml_new_tensor_2d(ctx, GGML_TYPE_I8, c.n_inputs, n_outputs);
    ggml_mixllm_set_components(w, &components);
    ctx = context.get();
    ggml_new_tensor_1d(ctx, GGML_TYPE_F32, 1); // so that there is something to allocate even without tokens

    // The strided x keeps 32 unused floats between rows and stores its batches in the other order.
    const auto make_x = [&](ggml_tensor*& storage) {
        if (!c.strided) {
            return storage = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, c.n_inputs, c.tokens, c.batch2, c.batch3);
        }
        storage = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, c.n_inputs + 32, c.tokens, c.batch3, c.batch2);
        return ggml_permute(ctx,
                            ggml_view_4d(ctx, storage, c.n_inputs, c.tokens, c.batch3, c.batch2, storage->nb[1],
                                         storage->nb[2], storage->nb[3], 16 * sizeof(float)),
                            0, 1, 3, 2);
    };
    ggml_tensor *storage, *other_storage;
    ggml_tensor* x = make_x(storage);
    ggml_tensor* other_x = make_x(other_storage);
    ggml_tensor* y = ggml_mul_mat(ctx, w, x);
    if (y->op != GGML_OP_MUL_MAT_MIXLLM) {
        fprintf(stderr, "%s: ggml_mul_mat built %s\n", c.name().c_str(), ggml_op_name(y->op));
        return false;
    }

    // A backend may keep the quantized x for the next product of it, but must not take it for that of another x.
    ggml_tensor* again = ggml_mul_mat(ctx, w, x);
    ggml_tensor* other = ggml_mul_mat(ctx, w, other_x);
    ggml_tensor* last = ggml_mul_mat(ctx, w, x);

    ggml_cgraph* graph = ggml_new_graph(ctx);
    ggml_build_forward_expand(graph, y);
    ggml_build_forward_expand(graph, again);
    ggml_build_forward_expand(graph, other);
    ggml_build_forward_expand(graph, last);
    ggml_backend_buffer_ptr weights(ggml_backend_alloc_ctx_tensors_from_buft(weight_context.get(), weight_buffers));
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(ctx, backend));

    supported = ggml_backend_supports_op(backend, y);
    if (!supported) {
        return true;
    }

    upload(components.w4, weight.w4);
    upload(components.w4_scale, weight.w4_scale);
    upload(components.w4_zero, weight.w4_zero);
    upload(components.w8, weight.w8);
    upload(components.w8_scale, weight.w8_scale);
    upload(components.rows, weight.rows);

    if (ggml_backend_is_cpu(backend)) {
        ggml_backend_cpu_set_n_threads(backend, c.threads);
    }
    for (int round = 0; round < c.rounds; round++) {
        std::normal_distribution<float> normal;
        std::vector<float> values(ggml_nelements(storage)), other_values(values.size());
        for (size_t i = 0; i < values.size(); i++) {
            values[i] = normal(random);
            other_values[i] = normal(random);
        }
        upload(storage, values);
        upload(other_storage, other_values);
        if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
            fprintf(stderr, "%s: compute failed in round %d\n", c.name().c_str(), round);
            return false;
        }
        if (!check(c, weight, values, y) || !check(c, weight, values, again) || !check(c, weight, values, last) ||
            !check(c, weight, other_values, other)) {
            return false;
        }
    }
    return true;
}

// Where a device's weights can lie: its own memory, and forms that it keeps weights in.
std::vector<ggml_backend_buffer_type_t> buffer_types(ggml_backend_dev_t device) {
    std::vector<ggml_backend_buffer_type_t> types = {ggml_backend_dev_buffer_type(device)};
    const auto get_extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
    if (get_extra != nullptr) {
        for (ggml_backend_buffer_type_t* type = get_extra(device); type != nullptr && *type != nullptr; type++) {
            types.push_back(*type);
        }
    }
    return types;
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    const std::pair<int64_t, int64_t> parts[] = {{16, 0}, {0, 16}, {16, 16}, {48, 16}, {112, 32}, {240, 0}, {0, 80}};
    for (const auto& [n4, n8] : parts) {
        for (int64_t n_inputs : {32, 96, 128, 160, 416, 1024}) {
            for (int64_t tokens : {1, 2, 5, 8, 9, 17, 33, 65}) {
                cases.push_back({n4, n8, n_inputs, tokens, 1, 1, false, 2});
            }
        }
    }
    for (int64_t n_inputs : {2048, 4096}) {
        cases.push_back({96, 32, n_inputs, 3, 1, 1, false, 2});
    }
    // Each kernel of a backend that has several for different numbers of tokens, time and again.
    for (int64_t tokens : {1, 7, 12, 30, 50, 100, 200}) {
        cases.push_back({96, 32, 416, tokens, 1, 1, false, 2, 4});
    }
    for (int threads : {1, 2, 3, 5}) {
        for (bool strided : {false, true}) {
            cases.push_back({48, 32, 160, 3, 2, 3, strided, threads});
            cases.push_back({48, 32, 256, 1, 4, 1, strided, threads});
            cases.push_back({48, 32, 256, 0, 1, 1, strided, threads});
        }
    }
    return cases;
}

} // namespace

int main(int argc, char** argv) {
    const bool only_gpus = argc == 2 && strcmp(argv[1], "--gpu") == 0;
    ggml_backend_load_all();
    int failed = 0, passed = 0, skipped = 0;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (only_gpus && ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) {
            continue;
        }
        ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
        for (ggml_backend_buffer_type_t type : buffer_types(device)) {
            int computed = 0;
            const auto count = [&](bool ok, bool supported) {
                if (supported) {
                    computed++;
                    (ok ? passed : failed)++;
                } else if (type == ggml_backend_dev_buffer_type(device)) {
                    skipped++;
                }
            };
            for (const Case& c : all_cases()) {
                bool supported = true;
                const bool ok = run(c, backend.get(), type, supported);
                count(ok, supported);
            }
            for (const ExpertsCase& c : all_experts_cases()) {
                bool supported = true;
                const bool ok = run_experts(c, backend.get(), type, supported);
                count(ok, supported);
            }
            printf("%s: %d computed with weights in %s\n", ggml_backend_dev_name(device), computed,
                   ggml_backend_buft_name(type));
        }
        printf("%s: done\n", ggml_backend_dev_name(device));
    }
    if (only_gpus && passed + failed == 0) {
        fprintf(stderr, "no GPU computed the op\n");
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed == 0 && passed > 0 ? 0 : 1;
}
