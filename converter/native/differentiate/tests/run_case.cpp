#include "run_case.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

#include "../differentiate.h"

namespace mixllm {

namespace {

double away_from_corners(double x) {
    const double tenth = std::floor(x * 10.0);
    return (tenth + std::clamp(x * 10.0 - tenth, 0.1, 0.9)) / 10.0;
}

Array make_values(const Leaf& leaf, std::mt19937& generator) {
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform(0.3, 2.0);
    std::vector<int64_t> order(static_cast<size_t>(leaf.limit));
    Array out(leaf.shape);
    for (size_t i = 0; i < out.values.size(); i++) {
        const size_t column = i % static_cast<size_t>(leaf.shape[0]);
        switch (leaf.values) {
        case Values::normal:
            out.values[i] = away_from_corners(normal(generator));
            break;
        case Values::positive:
            out.values[i] = uniform(generator);
            break;
        case Values::rows:
            if (column == 0) {
                for (size_t k = 0; k < order.size(); k++) {
                    order[k] = static_cast<int64_t>(k);
                }
                std::shuffle(order.begin(), order.end(), generator);
            }
            out.values[i] = static_cast<double>(order[column % order.size()]);
            break;
        case Values::range:
            out.values[i] = static_cast<double>(column);
            break;
        case Values::given:
            out.values[i] = leaf.numbers.at(i);
            break;
        }
    }
    return out;
}

/// Rounds the values to the type and gives the bytes that hold them.
std::vector<char> to_bytes(Array& values, ggml_type type) {
    const size_t count = values.values.size();
    std::vector<char> bytes(count * ggml_type_size(type));
    std::vector<float> floats(values.values.begin(), values.values.end());
    switch (type) {
    case GGML_TYPE_F32:
        std::memcpy(bytes.data(), floats.data(), bytes.size());
        break;
    case GGML_TYPE_I32:
        std::copy(values.values.begin(), values.values.end(), reinterpret_cast<int32_t*>(bytes.data()));
        return bytes;
    case GGML_TYPE_I64:
        std::copy(values.values.begin(), values.values.end(), reinterpret_cast<int64_t*>(bytes.data()));
        return bytes;
    default:
        ggml_get_type_traits(type)->from_float_ref(floats.data(), bytes.data(), static_cast<int64_t>(count));
        ggml_get_type_traits(type)->to_float(bytes.data(), floats.data(), static_cast<int64_t>(count));
    }
    std::copy(floats.begin(), floats.end(), values.values.begin());
    return bytes;
}

struct FreeContext {
    void operator()(ggml_context* context) const { ggml_free(context); }
};
struct FreeBackend {
    void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
};
struct FreeAllocator {
    void operator()(ggml_gallocr_t allocator) const { ggml_gallocr_free(allocator); }
};

struct Results {
    Array output;
    std::vector<Array> gradients; // of each leaf; empty shapes for those not wanted
    std::vector<MissingRule> missing;
};

Array download(const ggml_tensor* tensor) {
    Array out({tensor->ne[0], tensor->ne[1], tensor->ne[2], tensor->ne[3]});
    std::vector<float> floats(out.values.size());
    ggml_backend_tensor_get(tensor, floats.data(), 0, floats.size() * sizeof(float));
    std::copy(floats.begin(), floats.end(), out.values.begin());
    return out;
}

void cover(const ggml_tensor* node, Covered& covered) {
    covered.insert(ggml_op_name(node->op));
    covered.insert(ggml_op_desc(node));
}

Results run(const GradientCase& test, const std::vector<std::vector<char>>& bytes,
            const std::vector<float>& seed_values, int threads, Covered& covered) {
    constexpr size_t most_nodes = 1024;
    std::unique_ptr<ggml_context, FreeContext> context(ggml_init(
        {ggml_tensor_overhead() * most_nodes + ggml_graph_overhead_custom(most_nodes, false), nullptr, true}));
    Tensors leaves;
    for (const Leaf& leaf : test.leaves) {
        leaves.push_back(ggml_new_tensor(context.get(), leaf.type, 4, leaf.shape.data()));
        ggml_set_input(leaves.back());
        ggml_set_output(leaves.back()); // keeps its memory: not every graph reads every leaf
    }
    ggml_tensor* output = test.build(context.get(), leaves);
    ggml_cgraph* graph = ggml_new_graph_custom(context.get(), most_nodes, false);
    ggml_build_forward_expand(graph, output);
    const std::vector<ggml_tensor*> nodes(ggml_graph_nodes(graph), ggml_graph_nodes(graph) + ggml_graph_n_nodes(graph));
    for (const ggml_tensor* node : nodes) {
        cover(node, covered);
    }

    ggml_tensor* seed = ggml_new_tensor(context.get(), GGML_TYPE_F32, 4, output->ne);
    ggml_set_input(seed);
    std::vector<ggml_tensor*> wanted;
    for (size_t i = 0; i < leaves.size(); i++) {
        if (test.leaves[i].wanted) {
            wanted.push_back(leaves[i]);
        }
    }
    const Differentiation differentiation = differentiate(context.get(), nodes, {{output, seed}}, wanted, {});
    ggml_tensor* result = ggml_is_contiguous(output) && output->type == GGML_TYPE_F32
                              ? output
                              : ggml_cast(context.get(), output, GGML_TYPE_F32);
    ggml_set_output(result);
    ggml_build_forward_expand(graph, result);
    for (ggml_tensor* tensor : wanted) {
        const auto found = differentiation.gradients.find(tensor);
        if (found != differentiation.gradients.end()) {
            ggml_set_output(found->second);
            ggml_build_forward_expand(graph, found->second);
        }
    }

    std::unique_ptr<ggml_backend, FreeBackend> backend(ggml_backend_cpu_init());
    ggml_backend_cpu_set_n_threads(backend.get(), threads);
    std::unique_ptr<ggml_gallocr, FreeAllocator> allocator(ggml_gallocr_new(ggml_backend_cpu_buffer_type()));
    ggml_gallocr_alloc_graph(allocator.get(), graph);
    for (size_t i = 0; i < leaves.size(); i++) {
        if (leaves[i]->buffer != nullptr) {
            ggml_backend_tensor_set(leaves[i], bytes[i].data(), 0, bytes[i].size());
        }
    }
    if (seed->buffer != nullptr) {
        ggml_backend_tensor_set(seed, seed_values.data(), 0, seed_values.size() * sizeof(float));
    }
    ggml_backend_graph_compute(backend.get(), graph);

    Results results{download(result), {}, differentiation.missing};
    for (size_t i = 0; i < leaves.size(); i++) {
        const auto found = differentiation.gradients.find(leaves[i]);
        results.gradients.push_back(found != differentiation.gradients.end() ? download(found->second)
                                                                             : Array({0, 0, 0, 0}));
    }
    return results;
}

/// Empty when the arrays agree, otherwise where and by how much they differ.
std::string compare(const Array& actual, const Array& expected, double bound) {
    if (actual.ne != expected.ne) {
        return "another shape";
    }
    double largest = 0.0, difference = 0.0;
    size_t worst = 0;
    for (size_t i = 0; i < expected.values.size(); i++) {
        largest = std::max(largest, std::abs(expected.values[i]));
        if (!std::isfinite(actual.values[i])) {
            return "element " + std::to_string(i) + " is not finite";
        }
        const double d = std::abs(actual.values[i] - expected.values[i]);
        if (d > difference) {
            difference = d;
            worst = i;
        }
    }
    if (difference <= bound * largest) {
        return "";
    }
    return "element " + std::to_string(worst) + " is " + std::to_string(actual.values[worst]) + ", expected " +
           std::to_string(expected.values[worst]) + " (relative difference " + std::to_string(difference / largest) +
           ")";
}

double loss(const Array& output, const std::vector<float>& seed) {
    double sum = 0.0;
    for (size_t i = 0; i < seed.size(); i++) {
        sum += seed[i] * output.values[i];
    }
    return sum;
}

} // namespace

std::string run_case(const GradientCase& test, Covered& covered) {
    std::seed_seq name(test.name.begin(), test.name.end());
    std::mt19937 generator(name);
    Arrays values;
    std::vector<std::vector<char>> bytes;
    for (const Leaf& leaf : test.leaves) {
        values.push_back(make_values(leaf, generator));
        bytes.push_back(to_bytes(values.back(), leaf.type));
    }
    const Array expected = test.evaluate(values);
    std::vector<float> seed(expected.values.size());
    std::normal_distribution<float> normal;
    for (float& value : seed) {
        value = normal(generator);
    }

    const Results results = run(test, bytes, seed, 2, covered);
    for (const MissingRule& missing : results.missing) {
        return missing.op + ": " + missing.reason;
    }
    if (const std::string failure = compare(results.output, expected, test.forward_bound); !failure.empty()) {
        return "ggml's result: " + failure;
    }
    for (size_t leaf = 0; leaf < values.size(); leaf++) {
        if (!test.leaves[leaf].wanted) {
            continue;
        }
        Array differences(values[leaf].ne);
        for (size_t i = 0; i < differences.values.size(); i++) {
            constexpr double step = 1e-5;
            const double x = values[leaf].values[i];
            values[leaf].values[i] = x + step;
            const double above = loss(test.evaluate(values), seed);
            values[leaf].values[i] = x - step;
            differences.values[i] = (above - loss(test.evaluate(values), seed)) / (2.0 * step);
            values[leaf].values[i] = x;
        }
        if (const std::string failure = compare(results.gradients[leaf], differences, test.bound); !failure.empty()) {
            return "gradient of leaf " + std::to_string(leaf) + ": " + failure;
        }
    }
    for (int threads : {1, 3}) {
        const Results others = run(test, bytes, seed, threads, covered);
        for (size_t leaf = 0; leaf < values.size(); leaf++) {
            if (others.gradients[leaf].values != results.gradients[leaf].values) {
                return "gradient of leaf " + std::to_string(leaf) + " differs on " + std::to_string(threads) +
                       " threads";
            }
        }
    }
    return "";
}

} // namespace mixllm
