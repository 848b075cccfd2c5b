#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/graph.h"
#include "graph/model_graph.h"
#include "graph/section_weights.h"

namespace mixllm {

/// Re-creates nodes of a model's graph in a graph that runs, on weights as floats.
class Replay {
public:
    /**
     * @param model outlives the run of `graph`
     * @param tokens the batch's token ids, `[samples][length]`
     */
    Replay(Graph& graph, const ModelGraph& model, const SectionWeights& weights, const int32_t* tokens)
        : graph_(graph), model_(model), weights_(weights), tokens_(tokens) {}

    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;

    /// Says what stands for a tensor of the model's graph, in place of its node.
    void bind(const ggml_tensor* original, ggml_tensor* own) { made_[original] = own; }

    /**
     * The tensor that stands for `original`; makes its node and those it depends on, as far as they are not there.
     *
     * @throws std::runtime_error when a token is outside the table of embeddings
     */
    ggml_tensor* make(ggml_tensor* original);

    /// The nodes made so far, in an order in which they can run.
    const std::vector<ggml_tensor*>& nodes() const { return nodes_; }

private:
    ggml_tensor* make_leaf(const ggml_tensor* leaf);
    ggml_tensor* make_rows(const ggml_tensor* node);

    Graph& graph_;
    const ModelGraph& model_;
    const SectionWeights& weights_;
    const int32_t* tokens_;
    std::unordered_map<const ggml_tensor*, ggml_tensor*> made_;
    std::vector<ggml_tensor*> nodes_;
    std::vector<std::vector<float>> tables_; ///< what inputs are filled from
};

} // namespace mixllm
