#include "graph/linears.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "graph/section_weights.h"

namespace mixllm {

namespace {

bool is_product_of(const ModelGraph& graph, const ggml_tensor* node, ggml_op op) {
    return node->op == op && graph.is_leaf(node->src[0], ModelGraph::Leaf::weight) &&
           !graph.is_leaf(viewed(node->src[1]), ModelGraph::Leaf::weight);
}

std::string use_of(const ModelGraph& graph, const ggml_tensor* node, const ggml_tensor* source, int index) {
    if (takes_rows(graph, node)) {
        return "rows";
    }
    if (index == 0 && is_product_of(graph, node, GGML_OP_MUL_MAT)) {
        return "product";
    }
    if (index == 0 && is_product_of(graph, node, GGML_OP_MUL_MAT_ID)) {
        return "experts";
    }
    return ggml_op_desc(is_view(source) ? source : node);
}

} // namespace

std::vector<Linear> find_linears(const ModelGraph& graph, const Section& section) {
    const std::unordered_set<std::string> experts = find_experts(graph, section);
    std::vector<Linear> linears;
    std::unordered_map<std::string, size_t> found;
    std::unordered_set<std::string> others; // also used in another way
    for (ggml_tensor* node : section.nodes) {
        for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
            ggml_tensor* root = viewed(node->src[i]);
            if (!graph.is_leaf(root, ModelGraph::Leaf::weight)) {
                continue;
            }
            const bool is_matrix = i == 0 && is_product_of(graph, node, GGML_OP_MUL_MAT) && ggml_is_matrix(root);
            if ((!is_matrix && experts.count(root->name) == 0) || root->ne[1] == 1) {
                others.insert(root->name);
                continue;
            }
            const auto [at, is_new] = found.emplace(root->name, linears.size());
            if (is_new) {
                linears.push_back({root, {}});
            }
            linears[at->second].products.push_back(node);
        }
    }
    linears.erase(std::remove_if(linears.begin(), linears.end(),
                                 [&](const Linear& linear) { return others.count(linear.name()) != 0; }),
                  linears.end());
    return linears;
}

ggml_tensor* find_head(const ModelGraph& graph, const Section& last) {
    for (size_t n = last.nodes.size(); n-- > 0;) {
        ggml_tensor* node = last.nodes[n];
        if (node->op == GGML_OP_MUL_MAT && graph.is_leaf(node->src[0], ModelGraph::Leaf::weight) &&
            ggml_is_matrix(node->src[0]) && node->ne[0] == graph.output->ne[0] && ggml_nrows(node) == graph.tokens()) {
            return node;
        }
    }
    throw std::runtime_error("the model's graph does not end in the product of an output head and its input");
}

std::vector<WeightUse> find_weight_uses(const ModelGraph& graph, const std::vector<Section>& sections) {
    std::vector<WeightUse> uses;
    std::unordered_map<std::string, size_t> found;
    for (size_t s = 0; s < sections.size(); s++) {
        for (const ggml_tensor* node : sections[s].nodes) {
            for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
                const ggml_tensor* root = viewed(node->src[i]);
                if (!graph.is_leaf(root, ModelGraph::Leaf::weight)) {
                    continue;
                }
                const std::string use = use_of(graph, node, node->src[i], i);
                const auto [at, is_new] = found.emplace(root->name, uses.size());
                if (is_new) {
                    uses.push_back({root->name, use, {s}});
                }
                WeightUse& known = uses[at->second];
                if (use == "experts") {
                    known.inputs_per_token = std::max(known.inputs_per_token, node->src[1]->ne[1]);
                    known.experts_per_token = std::max(known.experts_per_token, node->src[2]->ne[0]);
                }
                // What an op does with the values themselves decides.
                const bool is_known = known.use == use || use == "rows";
                known.use = is_known ? known.use : known.use == "rows" || use != "product" ? use : known.use;
                if (known.sections.back() != s) {
                    known.sections.push_back(s);
                }
            }
        }
    }
    return uses;
}

} // namespace mixllm
