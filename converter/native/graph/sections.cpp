#include "graph/sections.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>
#include <unordered_set>

namespace mixllm {

namespace {

/// The block a node's own weights belong to; -1 for none.
int64_t block_of(const ModelGraph& graph, const ggml_tensor* node) {
    int64_t block = -1;
    for (ggml_tensor* source : node->src) {
        if (source == nullptr) {
            continue;
        }
        const ggml_tensor* root = viewed(source);
        int number = -1;
        if (graph.is_leaf(root, ModelGraph::Leaf::weight) && std::sscanf(root->name, "blk.%d.", &number) == 1) {
            block = std::max<int64_t>(block, number);
        }
    }
    return block;
}

/// Whether a node reads a weight that is of no block.
bool uses_other_weight(const ModelGraph& graph, const ggml_tensor* node) {
    return std::any_of(std::begin(node->src), std::end(node->src),
                       [&](ggml_tensor* source) {
                           return source != nullptr && graph.is_leaf(viewed(source), ModelGraph::Leaf::weight);
                       }) &&
           block_of(graph, node) < 0;
}

} // namespace

std::vector<ggml_tensor*> find_crossing(const ModelGraph& graph, const std::vector<ggml_tensor*>& nodes,
                                        const std::vector<ggml_tensor*>& kept, size_t place) {
    std::unordered_set<const ggml_tensor*> seen(nodes.begin() + static_cast<std::ptrdiff_t>(place), nodes.end());
    std::vector<ggml_tensor*> crossing;
    const auto read = [&](ggml_tensor* tensor) {
        ggml_tensor* root = viewed(tensor);
        if (root->op != GGML_OP_NONE && graph.constants.count(root) == 0 && seen.insert(root).second) {
            crossing.push_back(root);
        }
    };
    for (size_t n = place; n < nodes.size(); n++) {
        for (ggml_tensor* source : nodes[n]->src) {
            if (source != nullptr) {
                read(source);
            }
        }
    }
    std::for_each(kept.begin(), kept.end(), read);
    return crossing;
}

size_t find_narrowest(const ModelGraph& graph, const std::vector<ggml_tensor*>& nodes,
                      const std::vector<ggml_tensor*>& kept, size_t first, size_t last) {
    size_t best = first;
    size_t least = std::numeric_limits<size_t>::max();
    for (size_t place = first; place <= last; place++) {
        size_t bytes = 0;
        for (const ggml_tensor* tensor : find_crossing(graph, nodes, kept, place)) {
            bytes += ggml_nbytes(tensor);
        }
        if (bytes < least) {
            least = bytes;
            best = place;
        }
    }
    return best;
}

Section make_section(const ModelGraph& graph, int64_t block, std::vector<ggml_tensor*> nodes,
                     const std::vector<ggml_tensor*>& later) {
    Section section;
    section.block = block;
    const std::unordered_set<const ggml_tensor*> own(nodes.begin(), nodes.end());
    std::unordered_set<const ggml_tensor*> seen;
    for (const ggml_tensor* node : nodes) {
        for (ggml_tensor* source : node->src) {
            ggml_tensor* root = source == nullptr || source == node ? nullptr : viewed(source);
            if (root == nullptr || own.count(root) != 0 || graph.constants.count(root) != 0 ||
                !seen.insert(root).second) {
                continue;
            }
            if (root->op != GGML_OP_NONE) {
                section.inputs.push_back(root);
            } else if (graph.is_leaf(root, ModelGraph::Leaf::weight)) {
                section.weights.push_back(root);
            }
        }
    }
    std::unordered_set<const ggml_tensor*> wanted{viewed(graph.output)};
    for (const ggml_tensor* node : later) {
        for (ggml_tensor* source : node->src) {
            if (source != nullptr) {
                wanted.insert(viewed(source));
            }
        }
    }
    std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(section.outputs),
                 [&](ggml_tensor* node) { return wanted.count(node) != 0; });
    section.nodes = std::move(nodes);
    return section;
}

Section whole_graph(const ModelGraph& graph) {
    std::vector<ggml_tensor*> nodes;
    std::copy_if(graph.nodes.begin(), graph.nodes.end(), std::back_inserter(nodes),
                 [](const ggml_tensor* node) { return !is_view(node); });
    return make_section(graph, -1, std::move(nodes), {});
}

std::vector<Section> cut_into_sections(const ModelGraph& graph) {
    // In the order of the highest block that a node depends on.
    std::unordered_map<const ggml_tensor*, int64_t> level;
    std::vector<ggml_tensor*> nodes;
    std::set<int64_t> blocks;
    for (ggml_tensor* node : graph.nodes) {
        if (is_view(node) || graph.constants.count(node) != 0) {
            continue;
        }
        int64_t highest = block_of(graph, node);
        if (highest >= 0) {
            blocks.insert(highest);
        }
        for (ggml_tensor* source : node->src) {
            const auto found = source == nullptr ? level.end() : level.find(viewed(source));
            highest = found != level.end() ? std::max(highest, found->second) : highest;
        }
        level.emplace(node, highest);
        nodes.push_back(node);
    }
    std::stable_sort(nodes.begin(), nodes.end(),
                     [&](const ggml_tensor* a, const ggml_tensor* b) { return level.at(a) < level.at(b); });

    const auto place_of_first = [&](const auto& holds, size_t from) {
        return static_cast<size_t>(std::find_if(nodes.begin() + static_cast<std::ptrdiff_t>(from), nodes.end(), holds) -
                                   nodes.begin());
    };
    const std::vector<ggml_tensor*> logits{graph.output};
    std::vector<size_t> cuts;
    size_t after_own = 0; // behind the last node with weights of the blocks so far
    for (size_t n = 0; n < nodes.size() && level.at(nodes[n]) < 0; n++) {
        after_own = uses_other_weight(graph, nodes[n]) ? n + 1 : after_own;
    }
    for (const int64_t block : blocks) {
        const size_t first_own =
            place_of_first([&](const ggml_tensor* node) { return block_of(graph, node) == block; }, after_own);
        cuts.push_back(find_narrowest(graph, nodes, logits, std::min(after_own, first_own), first_own));
        for (size_t n = first_own; n < nodes.size() && level.at(nodes[n]) <= block; n++) {
            after_own = block_of(graph, nodes[n]) == block ? n + 1 : after_own;
        }
    }
    const size_t first_other =
        place_of_first([&](const ggml_tensor* node) { return uses_other_weight(graph, node); }, after_own);
    cuts.push_back(find_narrowest(graph, nodes, logits, after_own, std::min(first_other, nodes.size() - 1)));
    cuts.push_back(nodes.size());

    std::vector<Section> sections;
    size_t begin = 0;
    auto block = blocks.begin();
    for (size_t c = 0; c < cuts.size(); c++) {
        const auto at = [&](size_t place) { return nodes.begin() + static_cast<std::ptrdiff_t>(place); };
        const bool is_block = c > 0 && block != blocks.end();
        sections.push_back(make_section(graph, is_block ? *block++ : -1,
                                        std::vector<ggml_tensor*>(at(begin), at(cuts[c])),
                                        std::vector<ggml_tensor*>(at(cuts[c]), nodes.end())));
        begin = cuts[c];
    }
    return sections;
}

} // namespace mixllm
