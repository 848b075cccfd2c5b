#include "graph/scale_groups.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "graph/linears.h"

namespace mixllm {

namespace {

/// A node's source.
struct Use {
    ggml_tensor* node;
    int source;
};

/// Whether a source is a value itself, or the same in another shape with the channels where they were.
bool has_channels_of(const ggml_tensor* source, const ggml_tensor* value) {
    for (; source != value; source = source->src[0]) {
        if (source->op != GGML_OP_RESHAPE || source->ne[0] != value->ne[0]) {
            return false;
        }
    }
    return true;
}

class Finder {
public:
    Finder(const ModelGraph& graph, const Section& section, const std::unordered_set<std::string>& elsewhere)
        : graph_(graph), section_(section), elsewhere_(elsewhere) {
        for (ggml_tensor* node : section.nodes) {
            for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
                const ggml_tensor* root = viewed(node->src[i]);
                if (is_weight(root)) {
                    weight_uses_[root->name].push_back({node, i});
                } else {
                    uses_[root].push_back({node, i});
                }
            }
        }
        for (ggml_tensor* output : section.outputs) {
            kept_.insert(viewed(output));
        }
    }

    std::vector<ScaleGroup> find() {
        std::vector<ScaleGroup> groups;
        for (ggml_tensor* node : section_.nodes) {
            std::optional<ScaleGroup> group = node->op == GGML_OP_MUL       ? of_vector(node)
                                              : node->op == GGML_OP_MUL_MAT ? of_rows(node)
                                                                            : std::nullopt;
            if (group) {
                groups.push_back(std::move(*group));
            }
        }
        return groups;
    }

private:
    bool is_weight(const ggml_tensor* tensor) const { return graph_.is_leaf(tensor, ModelGraph::Leaf::weight); }

    /// Whether a weight is read once, here.
    bool is_own(const ggml_tensor* weight) const {
        return weight_uses_.at(weight->name).size() == 1 && elsewhere_.count(weight->name) == 0;
    }

    /// The source of a node that is a vector of its channels and nothing else's; null for none.
    const ggml_tensor* vector_of(const ggml_tensor* node) const {
        for (const int i : {1, 0}) {
            const ggml_tensor* root = viewed(node->src[i]);
            if (is_weight(root) && node->src[i]->ne[0] == node->ne[0] && ggml_nelements(root) == node->ne[0] &&
                is_own(root) && !is_weight(viewed(node->src[1 - i]))) {
                return root;
            }
        }
        return nullptr;
    }

    /// The only use of a value that leaves the section in no other way.
    std::optional<Use> only_use(const ggml_tensor* value) const {
        const auto found = uses_.find(value);
        const bool is_one = found != uses_.end() && found->second.size() == 1 && kept_.count(value) == 0 &&
                            has_channels_of(found->second.front().node->src[found->second.front().source], value);
        return is_one ? std::make_optional(found->second.front()) : std::nullopt;
    }

    /// Goes on to the sum with a bias, if that is where the value goes.
    ggml_tensor* with_bias(ggml_tensor* value, std::vector<ScaleGroup::Producer>& producers) const {
        const std::optional<Use> use = only_use(value);
        if (!use || use->node->op != GGML_OP_ADD || use->node->ne[0] != value->ne[0]) {
            return value;
        }
        const ggml_tensor* bias = vector_of(use->node);
        if (bias == nullptr) {
            return value;
        }
        producers.push_back({bias->name, false, 0});
        return use->node;
    }

    /// A norm's gain, or what else scales channels.
    std::optional<ScaleGroup> of_vector(ggml_tensor* node) const {
        const ggml_tensor* gain = vector_of(node);
        if (gain == nullptr) {
            return std::nullopt;
        }
        ScaleGroup group{node, {{gain->name, false, 0}}, {}};
        group.value = with_bias(node, group.producers);
        return with_consumers(std::move(group));
    }

    /// A linear's rows.
    std::optional<ScaleGroup> of_rows(ggml_tensor* product) const {
        const ggml_tensor* weight = product->src[0];
        if (!is_weight(weight) || !ggml_is_matrix(weight) || !is_own(weight) || is_weight(viewed(product->src[1]))) {
            return std::nullopt;
        }
        ScaleGroup group{product, {{weight->name, true, 0}}, {}};
        group.value = with_bias(product, group.producers);
        if (std::optional<ScaleGroup> direct = with_consumers(group)) {
            return direct;
        }
        const std::optional<Use> use = only_use(group.value);
        const std::optional<int64_t> first = use ? factor_of_gate(*use) : std::nullopt;
        if (!first) {
            return std::nullopt;
        }
        for (ScaleGroup::Producer& producer : group.producers) {
            producer.first = static_cast<size_t>(*first);
        }
        group.value = use->node;
        return with_consumers(std::move(group));
    }

    /// The first of a source's channels that a gated activation multiplies with, nothing for any other use.
    static std::optional<int64_t> factor_of_gate(const Use& use) {
        const ggml_tensor* node = use.node;
        const bool has_shape = node->src[1] != nullptr && ggml_are_same_shape(node->src[0], node->src[1]) &&
                               ggml_are_same_shape(node, node->src[0]);
        if (node->op == GGML_OP_MUL) {
            return has_shape ? std::make_optional<int64_t>(0) : std::nullopt;
        }
        if (node->op != GGML_OP_GLU || ggml_get_glu_op(node) == GGML_GLU_OP_SWIGLU_OAI) {
            return std::nullopt; // which adds 1 to the factor
        }
        if (node->src[1] != nullptr) {
            return use.source == 1 && has_shape ? std::make_optional<int64_t>(0) : std::nullopt;
        }
        const bool is_swapped = node->op_params[1] != 0;
        return is_swapped ? 0 : node->ne[0];
    }

    /// The group with all that reads its value, nothing if that is not linears alone.
    std::optional<ScaleGroup> with_consumers(ScaleGroup group) const {
        const auto uses = uses_.find(group.value);
        if (uses == uses_.end() || kept_.count(group.value) != 0) {
            return std::nullopt;
        }
        std::unordered_map<std::string, size_t> reads;
        for (const Use& use : uses->second) {
            const ggml_tensor* weight = use.node->src[0];
            const bool is_product = use.node->op == GGML_OP_MUL_MAT || use.node->op == GGML_OP_MUL_MAT_ID;
            if (!is_product || use.source != 1 || !is_weight(weight) || elsewhere_.count(weight->name) != 0 ||
                !has_channels_of(use.node->src[1], group.value)) {
                return std::nullopt;
            }
            reads[weight->name]++;
        }
        for (const auto& [name, count] : reads) {
            if (weight_uses_.at(name).size() != count) {
                return std::nullopt;
            }
            group.consumers.push_back(name);
        }
        std::sort(group.consumers.begin(), group.consumers.end());
        return group;
    }

    const ModelGraph& graph_;
    const Section& section_;
    const std::unordered_set<std::string>& elsewhere_;
    std::unordered_map<const ggml_tensor*, std::vector<Use>> uses_; ///< of values, by what sources are views of
    std::unordered_map<std::string, std::vector<Use>> weight_uses_;
    std::unordered_set<const ggml_tensor*> kept_; ///< values that later sections read
};

} // namespace

std::vector<ScaleGroup> find_scale_groups(const ModelGraph& graph, const std::vector<Section>& sections,
                                          size_t section) {
    std::unordered_set<std::string> elsewhere;
    for (const WeightUse& use : find_weight_uses(graph, sections)) {
        if (use.sections.size() > 1) {
            elsewhere.insert(use.name);
        }
    }
    return Finder(graph, sections[section], elsewhere).find();
}

} // namespace mixllm
