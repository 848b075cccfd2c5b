#pragma once

#include <string>
#include <vector>

#include "graph/model_graph.h"
#include "graph/sections.h"

namespace mixllm {

/// A weight that activations are multiplied with, and nothing else: a matrix, or a stack of experts.
struct Linear {
    ggml_tensor* weight; ///< leaf, `[K, N]` or `[K, N, experts]`
    /// `MUL_MAT` nodes, in order: `[N, ...]` of `weight` and activations `[K, ...]`; of experts `MUL_MAT_ID` nodes,
    /// `[N, used, T]` of `weight`, activations `[K, used or a divisor, T]` and the chosen experts' numbers `[used, T]`.
    std::vector<ggml_tensor*> products;

    bool is_stacked() const { return products.front()->op == GGML_OP_MUL_MAT_ID; }

    /// Output channels, those of all experts.
    size_t channels() const { return static_cast<size_t>(weight->ne[1] * weight->ne[2]); }

    std::string name() const { return weight->name; }
};

/// The linears of a section, in the order they first run. Several matrices that are all used (heads) are none.
std::vector<Linear> find_linears(const ModelGraph& graph, const Section& section);

/// The product of the output head and the activations, in the last section. @throws std::runtime_error without one
ggml_tensor* find_head(const ModelGraph& graph, const Section& last);

/// How a graph uses a weight.
struct WeightUse {
    std::string name;
    /// `product` of `MUL_MAT` alone, `experts` of `MUL_MAT_ID` alone, `rows` by token or position, else ggml's name of
    /// an op.
    std::string use;
    std::vector<size_t> sections;  ///< in ascending order
    int64_t inputs_per_token = 1;  ///< of experts: how many of the inputs of a token they have, those chosen or one
    int64_t experts_per_token = 1; ///< of experts: how many are chosen
};

/// Every weight that a graph reads, in the order it is first read.
std::vector<WeightUse> find_weight_uses(const ModelGraph& graph, const std::vector<Section>& sections);

} // namespace mixllm
