#pragma once

#include <ggml.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mixllm {

/// A graph cannot be run on samples section by section; the message says why.
class UnfollowedGraph : public std::runtime_error {
public:
    explicit UnfollowedGraph(const std::string& message) : std::runtime_error(message) {}
};

/**
 * What a model computes for B sequences of T tokens, as llama.cpp's graph says it, independent of llama.cpp's objects.
 *
 * Tensors have shapes, ops and sources and no memory. A value of the tokens lies sequence after sequence: T tokens of
 * the first, then T of the next.
 */
class ModelGraph {
public:
    /// What a tensor without an op stands for.
    enum class Leaf {
        weight, ///< a tensor of the model file, by its name
        tokens, ///< the token ids, `[T * B]` of I32
        input,  ///< whatever else llama.cpp fills in before it computes: positions, masks, ...; `data` has it
        memory, ///< a cache of keys and values or a recurrent state, zero at the start
        zero,   ///< zeros
    };

    /// @param most_tensors room for tensors, those that rewriting adds included
    ModelGraph(int64_t tokens_per_sequence, int64_t sequence_count, size_t most_tensors);

    int64_t length() const { return length_; }       ///< T
    int64_t sequences() const { return sequences_; } ///< B
    int64_t tokens() const { return length_ * sequences_; }

    /// Where the tensors live, for adding more.
    ggml_context* context() const { return context_.get(); }

    /// The nodes in an order in which they can run.
    std::vector<ggml_tensor*> nodes;

    /// The logits, `[vocabulary, T * B]`.
    ggml_tensor* output = nullptr;

    std::unordered_map<const ggml_tensor*, Leaf> leaves;

    /// The bytes of every leaf that is an `input`.
    std::unordered_map<const ggml_tensor*, std::vector<uint8_t>> data;

    /// Nodes that follow from inputs other than the tokens alone, the same for every batch of this size.
    std::unordered_set<const ggml_tensor*> constants;

    bool is_leaf(const ggml_tensor* tensor, Leaf kind) const {
        const auto found = leaves.find(tensor);
        return found != leaves.end() && found->second == kind;
    }

    /// Adds a leaf of zeros.
    ggml_tensor* add_zeros(const int64_t shape[GGML_MAX_DIMS]);

private:
    struct FreeContext {
        void operator()(ggml_context* context) const { ggml_free(context); }
    };

    int64_t length_;
    int64_t sequences_;
    std::unique_ptr<ggml_context, FreeContext> context_;
};

/// Whether a node only names part of its source's memory, or the same memory in another shape.
inline bool is_view(const ggml_tensor* tensor) {
    return tensor->op == GGML_OP_VIEW || tensor->op == GGML_OP_RESHAPE || tensor->op == GGML_OP_PERMUTE ||
           tensor->op == GGML_OP_TRANSPOSE;
}

/// What a view, or a view of a view, is part of; the tensor itself if it is none.
inline ggml_tensor* viewed(ggml_tensor* tensor) {
    while (is_view(tensor)) {
        tensor = tensor->src[0];
    }
    return tensor;
}

/// A tensor's shape as errors give it, fastest dimension first.
std::string describe_shape(const ggml_tensor* tensor);

} // namespace mixllm
