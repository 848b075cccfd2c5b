#pragma once

#include <string>
#include <vector>

#include "graph/model_graph.h"
#include "graph/sections.h"

namespace mixllm {

/// A weight that activations are multiplied with, and nothing else.
struct Linear {
    ggml_tensor* weight; ///< leaf, `[K, N]`
    std::vector<ggml_tensor*>
        products; ///< `MUL_MAT` nodes, in order: `[N, ...]` of `weight` and activations `[K, ...]`

    std::string name() const { return weight->name; }
};

/// The linears of a section, in the order they first run. Weights of several matrices (experts, heads) are none.
std::vector<Linear> find_linears(const ModelGraph& graph, const Section& section);

/// How a graph uses a weight.
struct WeightUse {
    std::string name;
    /// `product` of `MUL_MAT` alone, `experts` of `MUL_MAT_ID` alone, `rows` by token or position, else ggml's name of
    /// an op.
    std::string use;
    std::vector<size_t> sections; ///< in ascending order
};

/// Every weight that a graph reads, in the order it is first read.
std::vector<WeightUse> find_weight_uses(const ModelGraph& graph, const std::vector<Section>& sections);

} // namespace mixllm
