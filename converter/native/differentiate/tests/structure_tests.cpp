#include "structure_tests.h"

#include <ggml.h>

#include <memory>

#include "../differentiate.h"

namespace mixllm {

namespace {

constexpr size_t most_nodes = 64;

/// A context without memory, and the nodes that lead to some outputs.
class Builder {
public:
    Builder()
        : context_(ggml_init({8 * (ggml_tensor_overhead() * most_nodes + ggml_graph_overhead_custom(most_nodes, false)),
                              nullptr, true})) {}

    ggml_context* context() const { return context_.get(); }

    ggml_tensor* leaf(const char* name, int64_t ne0, int64_t ne1) const {
        return ggml_set_name(ggml_new_tensor_2d(context(), GGML_TYPE_F32, ne0, ne1), name);
    }

    Seed seed(ggml_tensor* output) const { return {output, ggml_new_tensor(context(), GGML_TYPE_F32, 4, output->ne)}; }

    Differentiation differentiate_to(const std::vector<Seed>& seeds, const std::vector<ggml_tensor*>& wanted,
                                     const TransposedWeight& transposed = {}) const {
        ggml_cgraph* graph = ggml_new_graph_custom(context(), most_nodes, false);
        for (const Seed& seed : seeds) {
            ggml_build_forward_expand(graph, seed.tensor);
        }
        ggml_tensor** nodes = ggml_graph_nodes(graph);
        return differentiate(context(), {nodes, nodes + ggml_graph_n_nodes(graph)}, seeds, wanted, transposed);
    }

private:
    struct FreeContext {
        void operator()(ggml_context* context) const { ggml_free(context); }
    };
    std::unique_ptr<ggml_context, FreeContext> context_;
};

class Failures {
public:
    void expect(bool holds, const std::string& what) {
        if (!holds) {
            list.push_back(what);
        }
    }
    std::vector<std::string> list;
};

/// An op that has no rule.
ggml_tensor* pool(const Builder& b, ggml_tensor* x) {
    return ggml_set_name(ggml_pool_1d(b.context(), x, GGML_OP_POOL_MAX, 2, 2, 0), "pooled");
}

void check_missing_rules(Failures& failures) {
    const Builder b;
    ggml_tensor* x = b.leaf("x", 8, 3);
    ggml_tensor* other = b.leaf("other", 4, 3);
    ggml_tensor* sum = ggml_add(b.context(), pool(b, ggml_sqr(b.context(), x)), ggml_sin(b.context(), other));
    const Differentiation both = b.differentiate_to({b.seed(sum)}, {x, other});
    failures.expect(both.missing.size() == 1 && both.missing[0].op == "POOL_1D" && both.missing[0].tensor == "pooled",
                    "an op without a rule is listed with its tensor");
    failures.expect(both.gradients.count(other) == 1 && both.gradients.count(x) == 0,
                    "what does not lead through the op without a rule has its gradient");
    const Differentiation one = b.differentiate_to({b.seed(sum)}, {other});
    failures.expect(one.missing.empty(), "an op without a rule beside the way is not listed");
}

void check_overwritten_values(Failures& failures) {
    const Builder b;
    ggml_tensor* x = b.leaf("x", 8, 3);
    ggml_tensor* copy = ggml_set_name(ggml_cont(b.context(), x), "copy");
    ggml_tensor* square = ggml_sqr(b.context(), copy);
    ggml_tensor* scaled = ggml_scale_inplace(b.context(), copy, 2.0f);
    const Differentiation result = b.differentiate_to({b.seed(square), b.seed(scaled)}, {x});
    failures.expect(result.missing.size() == 1 && result.missing[0].op == "SQR" &&
                        result.missing[0].reason.find("copy") != std::string::npos,
                    "a rule that needs values overwritten in place is listed");
    const Differentiation alone = b.differentiate_to({b.seed(scaled)}, {x});
    failures.expect(alone.missing.empty() && alone.gradients.count(x) == 1, "a rule that needs no values is not");
}

void check_wanted_tensors(Failures& failures) {
    const Builder b;
    ggml_tensor* x = b.leaf("x", 8, 3);
    ggml_tensor* weight = b.leaf("weight", 8, 4);
    ggml_tensor* middle = ggml_mul_mat(b.context(), weight, x);
    ggml_tensor* output = ggml_silu(b.context(), middle);
    ggml_tensor* beside = ggml_sqr(b.context(), x);
    const Seed seed = b.seed(output), second = b.seed(middle);
    const Differentiation result = b.differentiate_to({seed, second, b.seed(beside)}, {x, middle, output});
    failures.expect(result.gradients.size() == 3, "leaves, nodes and seeds can be wanted");
    failures.expect(result.gradients.at(output) == seed.gradient, "a wanted seed gets the gradient it was given");
    for (const auto& [tensor, gradient] : result.gradients) {
        failures.expect(ggml_are_same_shape(tensor, gradient) && ggml_is_contiguous(gradient) &&
                            gradient->type == GGML_TYPE_F32,
                        "gradients are contiguous floats of the tensor's shape");
    }
    const Differentiation none = b.differentiate_to({b.seed(beside)}, {middle});
    failures.expect(none.gradients.empty() && none.missing.empty(), "a tensor that leads to no seed has no gradient");
    ggml_tensor* chosen = ggml_argsort(b.context(), middle, GGML_SORT_ORDER_ASC);
    const Differentiation selection = b.differentiate_to(
        {b.seed(ggml_get_rows(b.context(), b.leaf("table", 5, 9), ggml_reshape_1d(b.context(), chosen, 12)))}, {x});
    failures.expect(selection.gradients.empty() && selection.missing.empty(), "no gradient leads through a selection");
}

void check_transposed_copies(Failures& failures) {
    const Builder b;
    ggml_tensor* x = b.leaf("x", 8, 3);
    ggml_tensor* weight = b.leaf("weight", 8, 4);
    ggml_tensor* prepared = b.leaf("prepared", 4, 8);
    ggml_tensor* output = ggml_mul_mat(b.context(), weight, x);
    const TransposedWeight transposed = [&](ggml_tensor* tensor) { return tensor == weight ? prepared : nullptr; };
    const Differentiation with = b.differentiate_to({b.seed(output)}, {x}, transposed);
    failures.expect(with.gradients.at(x)->op == GGML_OP_MUL_MAT && with.gradients.at(x)->src[0] == prepared,
                    "a prepared transposed copy is used");
    const Differentiation without = b.differentiate_to({b.seed(output)}, {x});
    failures.expect(without.gradients.at(x)->src[0]->op == GGML_OP_CONT, "without one the weight is transposed");
}

} // namespace

std::vector<std::string> check_structure() {
    Failures failures;
    check_missing_rules(failures);
    check_overwritten_values(failures);
    check_wanted_tensors(failures);
    check_transposed_copies(failures);
    return failures.list;
}

} // namespace mixllm
