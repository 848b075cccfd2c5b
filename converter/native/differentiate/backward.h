#pragma once

#include <ggml.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "accumulator.h"

namespace mixllm {

/// What the rule of an op sees of one node, and how it hands the node's gradient on to the node's sources.
class Backward {
public:
    Backward(Accumulator& accumulator, ggml_context* context, ggml_tensor* node, ggml_tensor* gradient)
        : context(context), node(node), gradient(gradient), accumulator_(accumulator) {}

    ggml_context* const context;
    ggml_tensor* const node;
    ggml_tensor* const gradient; ///< contiguous floats of the node's shape

    /// Whether a wanted tensor reaches the node by its source `index`.
    bool needs(int index) const { return node->src[index] != nullptr && accumulator_.needs(node->src[index]); }

    /// Adds to the gradient of a source: floats of its shape, with any strides.
    void add(int index, ggml_tensor* part) { accumulator_.add(node->src[index], part); }

    /// Adds gradients of the first `count` sources that a contiguous tensor holds one after another.
    void add_parts(ggml_tensor* all, int count);

    /// Adds contiguous floats to some elements of the gradient of a contiguous tensor among the node's ancestors.
    void place(ggml_tensor* ancestor, ggml_tensor* part, const Placement& where) {
        accumulator_.place(ancestor, part, where);
    }

    /// Whether the caller asked for this tensor's gradient.
    bool wanted(const ggml_tensor* tensor) const { return accumulator_.wanted(tensor); }

    /// Says that a gradient was dropped.
    void miss(const std::string& reason) { accumulator_.miss(node, reason); }

    bool overwritten(const ggml_tensor* tensor) const { return accumulator_.overwritten(tensor); }

    /// Says so when a later node overwrites the values that a rule reads.
    void require_values(const ggml_tensor* tensor);

    /// The values of a forward tensor as floats whose rows are contiguous.
    ggml_tensor* value(ggml_tensor* tensor);

    /// The values of a forward tensor as contiguous floats.
    ggml_tensor* contiguous_value(ggml_tensor* tensor) { return contiguous(value(tensor)); }

    ggml_tensor* contiguous(ggml_tensor* tensor) const {
        return ggml_is_contiguous(tensor) ? tensor : ggml_cont(context, tensor);
    }

    /// Sums over what broadcasting had repeated, back to the shape of `like`.
    ggml_tensor* sum_repeats(ggml_tensor* tensor, const ggml_tensor* like) const;

    /// The prepared transposed copy of a weight, or null.
    ggml_tensor* prepared_transpose(ggml_tensor* weight) const;

    /**
     * A node that a C++ function computes on the CPU, on every thread of the graph.
     *
     * @param run called once on each thread with the node, the thread's index and their number
     * @param sources at most nine, found as the node's `src`
     * @param data what `run` gets as its last argument; kept as long as the differentiation
     */
    ggml_tensor* custom(const std::array<int64_t, 4>& shape, const std::vector<ggml_tensor*>& sources,
                        ggml_custom_op_t run, std::shared_ptr<void> data = nullptr) const;

private:
    Accumulator& accumulator_;
};

inline std::array<int64_t, 4> shape_of(const ggml_tensor* tensor) {
    return {tensor->ne[0], tensor->ne[1], tensor->ne[2], tensor->ne[3]};
}

} // namespace mixllm
