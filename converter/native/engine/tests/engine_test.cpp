#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "engine/cut_products.h"
#include "engine/graph.h"
#include "engine/tests/work_after_cancel.h"

using namespace mixllm;

namespace {

int failures = 0;

void expect(bool condition, const std::string& what) {
    if (!condition) {
        std::printf("FAILED: %s\n", what.c_str());
        failures++;
    }
}

std::vector<float> noise(int64_t count, uint32_t seed) {
    std::vector<float> values(static_cast<size_t>(count));
    uint32_t state = seed;
    for (float& value : values) {
        state = state * 1664525u + 1013904223u;
        value = static_cast<float>(static_cast<int32_t>(state)) * 0x1.0p-31f;
    }
    return values;
}

struct Shape {
    const char* what;
    int64_t depth, rows, columns, left_matrices, right_matrices, sequences;
};

/// A product of two batches of matrices, added to itself so that something follows it.
std::vector<float> product(const Shape& shape, double most_operations, int& nodes) {
    const std::vector<float> a = noise(shape.depth * shape.rows * shape.left_matrices * shape.sequences, 1);
    const std::vector<float> b = noise(shape.depth * shape.columns * shape.right_matrices * shape.sequences, 2);
    Engine engine{Workers(2)};
    ggml_init_params params{};
    params.mem_size = 64 * ggml_tensor_overhead() + ggml_graph_overhead();
    params.no_alloc = true;
    const std::unique_ptr<ggml_context, FreeGgmlContext> context(ggml_init(params));
    ggml_tensor* left =
        ggml_new_tensor_4d(context.get(), GGML_TYPE_F32, shape.depth, shape.rows, shape.left_matrices, shape.sequences);
    ggml_tensor* right = ggml_new_tensor_4d(context.get(), GGML_TYPE_F32, shape.depth, shape.columns,
                                            shape.right_matrices, shape.sequences);
    ggml_tensor* result = multiply(context.get(), left, right);
    ggml_tensor* sum = ggml_add(context.get(), result, result);
    ggml_cgraph* graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, sum);
    const std::unique_ptr<ggml_backend_buffer, decltype(&ggml_backend_buffer_free)> buffer(
        ggml_backend_alloc_ctx_tensors(context.get(), engine.backend()), ggml_backend_buffer_free);
    ggml_backend_tensor_set(left, a.data(), 0, ggml_nbytes(left));
    ggml_backend_tensor_set(right, b.data(), 0, ggml_nbytes(right));
    std::vector<float> values(static_cast<size_t>(ggml_nelements(sum)));
    const CutGraph cut = cut_products(graph, most_operations);
    nodes = ggml_graph_n_nodes(cut.graph);
    ggml_backend_graph_compute(engine.backend(), cut.graph);
    ggml_backend_tensor_get(sum, values.data(), 0, ggml_nbytes(sum));
    return values;
}

void test_cut() {
    const Shape shapes[] = {
        {"one matrix", 256, 2064, 130, 1, 1, 1},
        {"few rows", 512, 48, 700, 1, 1, 1},
        {"a depth that no vector divides", 90, 1500, 333, 1, 1, 1},
        {"rows that no tile divides", 64, 1109, 257, 1, 1, 1},
        {"heads that share keys", 64, 384, 200, 2, 6, 3},
    };
    for (const Shape& shape : shapes) {
        int whole_nodes = 0;
        int nodes = 0;
        const std::vector<float> whole = product(shape, 1e18, whole_nodes);
        const double all = 2.0 * static_cast<double>(shape.depth) * static_cast<double>(whole.size());
        for (const double share : {0.4, 0.11, 0.01}) {
            const std::vector<float> pieces = product(shape, share * all, nodes);
            const std::string what = std::string(shape.what) + " in pieces of " + std::to_string(share);
            expect(whole_nodes == 2 && nodes > 3, what + " is cut: " + std::to_string(nodes) + " nodes");
            expect(pieces == whole, what + " is the same");
        }
    }
}

/// A product does not lie where operations in place of a graph of as many tensors lay.
void test_plans() {
    constexpr int64_t size = 64;
    const std::vector<float> x = noise(size * size, 6);
    Engine engine{Workers(2)};
    std::vector<float> normed(x.size());
    std::vector<float> product(x.size());
    {
        Graph graph(engine, 8);
        ggml_tensor* norm = ggml_rms_norm(graph.context(), graph.input(x.data(), size, size), 1e-6f);
        graph.output(ggml_rms_norm(graph.context(), norm, 1e-6f), normed.data());
        graph.compute();
    }
    Graph graph(engine, 8);
    ggml_tensor* input = graph.input(x.data(), size, size);
    ggml_tensor* part = ggml_view_2d(graph.context(), input, size, size, input->nb[1], 0);
    graph.output(ggml_mul_mat(graph.context(), input, part), product.data());
    graph.compute();
    double worst = 0.0;
    for (size_t row = 0; row < size; row++) {
        for (size_t column = 0; column < size; column++) {
            double sum = 0.0;
            for (size_t k = 0; k < size; k++) {
                sum += static_cast<double>(x[row * size + k]) * x[column * size + k];
            }
            worst = std::max(worst, std::fabs(sum - product[row * size + column]));
        }
    }
    expect(worst < 1e-4, "a product after an operation in place is off by " + std::to_string(worst));
}

void test_experts() {
    constexpr int64_t depth = 128, rows = 352, experts = 5, used = 2, tokens = 70;
    const std::vector<float> weights = noise(depth * rows * experts, 3);
    const std::vector<float> x = noise(depth * tokens, 4);
    std::vector<int32_t> ids;
    for (int64_t i = 0; i < used * tokens; i++) {
        ids.push_back(static_cast<int32_t>((i * 7 + i / 3) % experts));
    }
    const auto run = [&](double most_operations, int& nodes) {
        Engine engine{Workers(2)};
        ggml_init_params params{};
        params.mem_size = 64 * ggml_tensor_overhead() + ggml_graph_overhead();
        params.no_alloc = true;
        const std::unique_ptr<ggml_context, FreeGgmlContext> context(ggml_init(params));
        ggml_tensor* stacked = ggml_new_tensor_3d(context.get(), GGML_TYPE_F32, depth, rows, experts);
        ggml_tensor* input = ggml_new_tensor_3d(context.get(), GGML_TYPE_F32, depth, 1, tokens);
        ggml_tensor* chosen = ggml_new_tensor_2d(context.get(), GGML_TYPE_I32, used, tokens);
        ggml_tensor* result = ggml_mul_mat_id(context.get(), stacked, input, chosen);
        ggml_cgraph* graph = ggml_new_graph(context.get());
        ggml_build_forward_expand(graph, result);
        const std::unique_ptr<ggml_backend_buffer, decltype(&ggml_backend_buffer_free)> buffer(
            ggml_backend_alloc_ctx_tensors(context.get(), engine.backend()), ggml_backend_buffer_free);
        ggml_backend_tensor_set(stacked, weights.data(), 0, ggml_nbytes(stacked));
        ggml_backend_tensor_set(input, x.data(), 0, ggml_nbytes(input));
        ggml_backend_tensor_set(chosen, ids.data(), 0, ggml_nbytes(chosen));
        const CutGraph cut = cut_products(graph, most_operations);
        nodes = ggml_graph_n_nodes(cut.graph);
        ggml_backend_graph_compute(engine.backend(), cut.graph);
        std::vector<float> values(static_cast<size_t>(rows * used * tokens));
        ggml_backend_tensor_get(result, values.data(), 0, ggml_nbytes(result));
        return values;
    };
    int nodes = 0;
    const std::vector<float> whole = run(1e18, nodes);
    const std::vector<float> pieces = run(static_cast<double>(2 * depth * used * tokens) * 40, nodes);
    expect(nodes > 8, "experts are cut: " + std::to_string(nodes) + " nodes");
    expect(pieces == whole, "experts in pieces are the same");
}

void test_cancel() {
    // 268 billion operations: a second or more of two fast cores.
    constexpr int64_t size = 5120;
    const std::vector<float> a = noise(size * size, 5);
    std::vector<float> result(a.size());
    const double work = work_after_cancel([&](const Workers& workers) {
        Engine engine(workers);
        Graph graph(engine);
        graph.output(multiply(graph.context(), graph.input(a.data(), size, size), graph.input(a.data(), size, size)),
                     result.data());
        graph.compute();
    });
    expect(work >= 0.0 && work < 0.2, "a product ends when it is canceled: " + std::to_string(work) + " s of work");
}

} // namespace

int main() {
    test_cut();
    test_experts();
    test_plans();
    test_cancel();
    std::printf("%s\n", failures == 0 ? "ok" : "failed");
    return failures == 0 ? 0 : 1;
}
