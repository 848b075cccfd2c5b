#include "graph/quantization_stages.h"

#include <algorithm>

namespace mixllm {

namespace {

/// Whether two views, or tensors, are the same numbers in the same order.
bool is_same_value(ggml_tensor* a, ggml_tensor* b) {
    const auto is_plain = [](ggml_tensor* tensor) {
        while (tensor->op == GGML_OP_RESHAPE) {
            tensor = tensor->src[0];
        }
        return tensor;
    };
    return a->ne[0] == b->ne[0] && is_plain(a) == is_plain(b);
}

bool share_inputs(const Linear& a, const Linear& b) {
    return a.products.size() == b.products.size() &&
           std::equal(a.products.begin(), a.products.end(), b.products.begin(),
                      [](ggml_tensor* x, ggml_tensor* y) { return is_same_value(x->src[1], y->src[1]); });
}

/// The node that adds a linear's product, and perhaps a bias, to another activation; null when it goes another way.
const ggml_tensor* find_sum(const ModelGraph& graph, const Section& section, const Linear& linear) {
    if (linear.products.size() != 1) {
        return nullptr;
    }
    const ggml_tensor* value = linear.products.front();
    for (;;) {
        const ggml_tensor* reader = nullptr;
        ggml_tensor* other = nullptr;
        for (const ggml_tensor* node : section.nodes) {
            for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
                if (viewed(node->src[i]) == value) {
                    if (reader != nullptr) {
                        return nullptr;
                    }
                    reader = node;
                    other = i < 2 ? node->src[1 - i] : nullptr;
                }
            }
        }
        const bool is_output =
            std::find(section.outputs.begin(), section.outputs.end(), value) != section.outputs.end();
        if (is_output || reader == nullptr || reader->op != GGML_OP_ADD || other == nullptr ||
            ggml_nelements(reader) != ggml_nelements(value)) {
            return nullptr;
        }
        if (!graph.is_leaf(viewed(other), ModelGraph::Leaf::weight)) {
            return reader->ne[0] == linear.weight->ne[1] && ggml_are_same_shape(reader, other) ? reader : nullptr;
        }
        value = reader;
    }
}

} // namespace

std::vector<QuantizationStage> plan_stages(const DecoderForm& form, size_t section,
                                           const std::unordered_set<std::string>& wanted) {
    const Section& own = form.sections[section];
    const auto number = [&](const ggml_tensor* node) {
        return static_cast<size_t>(std::find(own.nodes.begin(), own.nodes.end(), node) - own.nodes.begin());
    };
    std::vector<std::vector<Linear>> groups;
    for (Linear& linear : find_linears(form.graph, own)) {
        if (wanted.count(linear.name()) == 0) {
            continue;
        }
        const auto group = std::find_if(groups.begin(), groups.end(),
                                        [&](const auto& other) { return share_inputs(other.front(), linear); });
        if (group != groups.end()) {
            group->push_back(std::move(linear));
        } else {
            groups.push_back({std::move(linear)});
        }
    }
    std::vector<QuantizationStage> stages;
    for (const std::vector<Linear>& group : groups) {
        QuantizationStage stage{{}, {}, 0, own.nodes.size(), QuantizationStage::no_sum};
        for (const Linear& linear : group) {
            stage.linears.push_back(linear.name());
            stage.products.push_back(number(linear.products.front()));
        }
        if (!stages.empty()) {
            stage.begin = find_narrowest(form.graph, own.nodes, own.outputs, stages.back().products.front() + 1,
                                         stage.products.front());
            stages.back().end = stage.begin;
        }
        stages.push_back(std::move(stage));
    }
    for (size_t s = 0; s < stages.size(); s++) {
        const ggml_tensor* sum = groups[s].size() == 1 ? find_sum(form.graph, own, groups[s].front()) : nullptr;
        if (sum != nullptr && number(sum) < stages[s].end) {
            stages[s].sum = number(sum);
        }
    }
    if (stages.empty()) {
        stages.push_back({{}, {}, 0, own.nodes.size(), QuantizationStage::no_sum});
    }
    return stages;
}

} // namespace mixllm
