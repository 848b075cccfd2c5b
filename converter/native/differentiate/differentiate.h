#pragma once

#include <ggml.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace mixllm {

/// The gradient of the loss with respect to one tensor of the graph.
struct Seed {
    ggml_tensor* tensor;
    ggml_tensor* gradient; ///< contiguous floats of the tensor's shape
};

/// A node whose gradient was dropped: nothing that leads through it is complete.
struct MissingRule {
    std::string op;     ///< as `ggml_op_desc` names it
    std::string tensor; ///< the node's name
    std::string reason;
};

/**
 * A transposed copy of a weight that a product reads, or null when there is none.
 *
 * @param weight first source of a `MUL_MAT` `[K, N]` or of a `MUL_MAT_ID` `[K, N, experts]`, or a view of one
 * @return `[N, K]` or `[N, K, experts]`, contiguous; of a float type
 */
using TransposedWeight = std::function<ggml_tensor*(ggml_tensor* weight)>;

/// The gradient nodes added to a graph. It owns what custom nodes point to, so it outlives the graph's computation.
struct Differentiation {
    /// Contiguous floats of the tensor's shape, by wanted tensor; a tensor that leads to no seed has none.
    std::unordered_map<const ggml_tensor*, ggml_tensor*> gradients;

    /// In order of `nodes` from the last to the first; empty when every gradient is complete.
    std::vector<MissingRule> missing;

    std::vector<std::shared_ptr<void>> custom_data;
};

/**
 * Adds the nodes that compute gradients of activations, by reverse accumulation with one rule per op. Only what leads
 * from a wanted tensor to a seed is visited; weights get no gradient.
 *
 * Nothing runs here, and nothing of a graph is changed: the gradients are nodes without memory in `context`, for
 * `ggml_build_forward_expand`. Ops without a rule are listed, never fatal. Rules read values of forward tensors, so
 * these stay alive until the gradients are computed; one that a later node overwrites in place counts as missing. Ops
 * that ggml has no gradient for become `GGML_OP_CUSTOM` nodes, which run on the CPU alone.
 *
 * @param context without allocation (`no_alloc`), with room for the gradients: about eight tensors for each node
 * @param nodes the forward nodes in topological order, tensors with an op
 * @param seeds tensors whose gradient is known, each once
 * @param wanted tensors to find the gradient of, nodes or leaves; a seed may be wanted too
 * @param transposed may be empty; without a transposed copy a product transposes its weight in the graph
 */
Differentiation differentiate(ggml_context* context, const std::vector<ggml_tensor*>& nodes,
                              const std::vector<Seed>& seeds, const std::vector<ggml_tensor*>& wanted,
                              const TransposedWeight& transposed);

} // namespace mixllm
