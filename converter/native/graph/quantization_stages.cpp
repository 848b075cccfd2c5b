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
           std::equal(a.products.begin(), a.products.end(), b.products.begin(), [](ggml_tensor* x, ggml_tensor* y) {
               return x->op == y->op && is_same_value(x->src[1], y->src[1]) &&
                      (x->op != GGML_OP_MUL_MAT_ID ||
                       (is_same_value(x->src[2], y->src[2]) && x->src[0]->ne[2] == y->src[0]->ne[2]));
           });
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

/// What of a node's source is a known factor or sum of rows of a product: the same one for all channels of a row.
bool keeps_channels(const ggml_tensor* node, int source) {
    const ggml_tensor* other = node->src[1 - source];
    switch (node->op) {
    case GGML_OP_CONT:
    case GGML_OP_SCALE:
        return true;
    case GGML_OP_ADD_ID:
        return source == 0;
    case GGML_OP_MUL:
        return source == 0 && other->ne[0] == 1;
    case GGML_OP_ADD:
        return ggml_are_same_shape(node, node->src[source]);
    default:
        return false;
    }
}

/**
 * The last node before place `end` that is nothing but a sum of the chosen experts' outputs, each times a factor, and
 * of other values, and that all use of these outputs goes through; null when there is none.
 */
const ggml_tensor* find_expert_sum(const ModelGraph& graph, const Section& section, const Linear& linear, size_t end) {
    if (linear.products.size() != 1) {
        return nullptr;
    }
    const ggml_tensor* product = linear.products.front();
    const int64_t channels = product->ne[0];
    std::vector<const ggml_tensor*> parts{product}; // that depend on the product, in order
    const auto is_part = [&](const ggml_tensor* source) {
        return source != nullptr &&
               std::find(parts.begin(), parts.end(), viewed(const_cast<ggml_tensor*>(source))) != parts.end();
    };
    size_t place =
        static_cast<size_t>(std::find(section.nodes.begin(), section.nodes.end(), product) - section.nodes.begin());
    for (place++; place < end; place++) {
        const ggml_tensor* node = section.nodes[place];
        bool depends = false;
        bool is_linear = node->ne[0] == channels;
        for (int i = 0; i < GGML_MAX_SRC; i++) {
            if (is_part(node->src[i])) {
                const ggml_tensor* source = node->src[i];
                depends = true;
                is_linear = is_linear && i < 2 && keeps_channels(node, i) && source->ne[0] == channels &&
                            source->nb[0] == sizeof(float) && !(node->op == GGML_OP_MUL && is_part(node->src[1]));
            }
        }
        if (depends && !is_linear) {
            break;
        }
        if (depends) {
            parts.push_back(node);
        }
    }
    const auto uses_earlier = [&](const ggml_tensor* source, size_t sum) {
        const auto found = source == nullptr
                               ? parts.end()
                               : std::find(parts.begin(), parts.end(), viewed(const_cast<ggml_tensor*>(source)));
        return found != parts.end() && static_cast<size_t>(found - parts.begin()) < sum;
    };
    for (size_t sum = parts.size() - 1; sum > 0; sum--) {
        bool is_whole = ggml_nelements(parts[sum]) == channels * graph.tokens() && parts[sum]->op == GGML_OP_ADD &&
                        ggml_is_contiguous(parts[sum]);
        const auto behind = std::find(section.nodes.begin(), section.nodes.end(), parts[sum]) + 1;
        for (auto node = behind; node != section.nodes.end() && is_whole; ++node) {
            is_whole = std::none_of(std::begin((*node)->src), std::end((*node)->src),
                                    [&](const ggml_tensor* source) { return uses_earlier(source, sum); });
        }
        for (const ggml_tensor* output : section.outputs) {
            is_whole = is_whole && !uses_earlier(output, sum);
        }
        if (is_whole) {
            return parts[sum];
        }
    }
    return nullptr;
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
        const ggml_tensor* sum = groups[s].size() != 1 ? nullptr
                                 : groups[s].front().is_stacked()
                                     ? find_expert_sum(form.graph, own, groups[s].front(), stages[s].end)
                                     : find_sum(form.graph, own, groups[s].front());
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
