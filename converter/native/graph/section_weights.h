#pragma once

#include <ggml-backend.h>
#include <ggml.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "differentiate/experts.h"
#include "engine/engine.h"
#include "graph/model_graph.h"
#include "graph/sections.h"
#include "weights/source_rows.h"

namespace mixllm {

/// Weights in host memory by the name their file has for them.
using WeightSources = std::unordered_map<std::string, SourceRows>;

/**
 * One section's weights as float tensors on the engine's device.
 *
 * A table of which rows are taken by token or position alone is left where it is: it may be the largest weight. So are
 * stacked experts, which are read row by row where they are multiplied.
 */
class SectionWeights {
public:
    /// What a weight is loaded as, beside itself.
    enum class Copies { none, transpose, transpose_and_rounding, transpose_and_both_roundings };

    /**
     * Uploads the weights.
     *
     * @param copies what else to keep of each product's weight, by name: the transpose for gradients, the change that
     * 4-bit rounding to nearest makes, and for one that is equalized the change that it makes to the model's own weight
     * @throws std::runtime_error when a weight is missing, has another shape than the graph says or does not fit
     */
    SectionWeights(Engine& engine, const ModelGraph& graph, const Section& section, const WeightSources& sources,
                   const std::unordered_map<std::string, Copies>& copies = {});

    /// The same tensors without memory or values, for measuring graphs.
    SectionWeights(Engine& engine, const ModelGraph& graph, const Section& section,
                   const std::unordered_map<std::string, Copies>& copies);

    SectionWeights(const SectionWeights&) = delete;
    SectionWeights& operator=(const SectionWeights&) = delete;

    /// The weight's values; null for a table, of experts a tensor for `multiply_experts`.
    ggml_tensor* values(const ggml_tensor* leaf) const { return find(leaf).values; }

    /// `[N, K]` of a weight `[K, N]`; null unless asked for.
    ggml_tensor* transposed(const ggml_tensor* leaf) const { return find(leaf).transposed; }

    /// q4(W) - W of a weight, of its shape; null unless asked for. Of experts a tensor for `multiply_experts`.
    ggml_tensor* rounding(const ggml_tensor* leaf) const { return find(leaf).rounding; }

    /// The same of the weight as the model has it, times the factors that equalize it.
    ggml_tensor* own_rounding(const ggml_tensor* leaf) const {
        const Weight& weight = find(leaf);
        return weight.own_rounding == nullptr ? weight.rounding : weight.own_rounding;
    }

    const SourceRows& source(const ggml_tensor* leaf) const { return find(leaf).source; }

    /// The experts of the source, read row by row; null for any other weight.
    const ExpertRows* experts(const ggml_tensor* leaf) const { return find(leaf).rows.get(); }

    /// Has experts read from elsewhere from now on. @param rows outlives this
    void replace(const ggml_tensor* leaf, const ExpertRows* rows);

    /// Bytes of all tensors.
    size_t bytes() const;

    /// Replaces a weight's values, in the order they lie in memory.
    void replace(const ggml_tensor* leaf, const float* values);

private:
    struct Weight {
        SourceRows source;
        ggml_tensor* values = nullptr;
        ggml_tensor* transposed = nullptr;
        ggml_tensor* rounding = nullptr;
        ggml_tensor* own_rounding = nullptr;
        std::shared_ptr<const ExpertRows> rows; ///< of experts
        std::shared_ptr<const ExpertRows> rounding_rows;
        std::shared_ptr<const ExpertRows> own_rounding_rows;
    };
    struct FreeContext {
        void operator()(ggml_context* context) const { ggml_free(context); }
    };
    struct FreeBuffer {
        void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
    };

    void make_tensors(Engine& engine, const ModelGraph& graph, const Section& section,
                      const std::unordered_map<std::string, Copies>& copies);

    /// A tensor of a weight's shape that stands for rows read elsewhere.
    ggml_tensor* make_stand_in(const ggml_tensor* leaf) const;

    /// Weights of one name are one, though a graph may have several leaves for it.
    const Weight& find(const ggml_tensor* leaf) const { return weights_.at(leaf->name); }

    std::unordered_map<std::string, Weight> weights_;
    std::unique_ptr<ggml_context, FreeContext> context_;
    std::unique_ptr<ggml_context, FreeContext> stand_ins_;
    std::unique_ptr<ggml_backend_buffer, FreeBuffer> buffer_;
    std::unique_ptr<ggml_backend_buffer, FreeBuffer> no_buffer_; ///< of stand-ins
};

/// The weights of a section that only products of chosen experts read, whole.
std::unordered_set<std::string> find_experts(const ModelGraph& graph, const Section& section);

/// Whether a node takes rows of a weight by known numbers: token ids, positions.
bool takes_rows(const ModelGraph& graph, const ggml_tensor* node);

} // namespace mixllm
