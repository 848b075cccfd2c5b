#include "graph/scale_groups.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "graph/channel_map.h"
#include "graph/linears.h"

namespace mixllm {

namespace {

/// How often a section's nodes read each weight, by name.
using WeightReads = std::unordered_map<std::string, size_t>;

/// What all scales of a section are found by.
struct Surroundings {
    const ModelGraph& graph;
    const Section& section;
    WeightReads reads;
    std::unordered_set<std::string> elsewhere;   ///< weights that other sections read as well
    std::unordered_set<const ggml_tensor*> kept; ///< values that later sections read

    bool is_weight(const ggml_tensor* tensor) const { return graph.is_leaf(tensor, ModelGraph::Leaf::weight); }

    /// Whether a weight is read here alone.
    bool is_own(const ggml_tensor* weight) const { return elsewhere.count(weight->name) == 0; }

    bool is_read_once(const ggml_tensor* weight) const { return is_own(weight) && reads.at(weight->name) == 1; }

    /// The source of a node, other than `but`, that is a vector of its channels and nothing else's; null for none.
    const ggml_tensor* vector_of(const ggml_tensor* node, int but = -1) const {
        for (const int i : {1, 0}) {
            const ggml_tensor* root = viewed(node->src[i]);
            if (i != but && is_weight(root) && node->src[i]->ne[0] == node->ne[0] &&
                ggml_nelements(root) == node->ne[0] && is_read_once(root) && !is_weight(viewed(node->src[1 - i]))) {
                return root;
            }
        }
        return nullptr;
    }
};

/// Follows what one weight's values or rows scale through the nodes behind it.
class Follower {
public:
    /// @param start the node whose channels `weight` scales: a product with it, of a vector by element
    Follower(const Surroundings& around, ggml_tensor* start, const ggml_tensor* weight)
        : around_(around), channels_(start->ne[0]), is_fixed_(static_cast<size_t>(channels_), false),
          chosen_(start->op == GGML_OP_MUL_MAT_ID ? start->src[2] : nullptr) {
        ChannelMap map;
        std::vector<int64_t> steps(static_cast<size_t>(channels_));
        for (size_t c = 0; c < steps.size(); c++) {
            steps[c] = static_cast<int64_t>(c);
        }
        set_steps(map, 0, steps);
        if (chosen_ != nullptr) {
            // Each output of an expert gets numbers of its own, so that none can take the place of another's.
            set_steps(map, 1, places(start, 1));
            set_steps(map, 2, places(start, 2));
        }
        producers_.push_back(
            {weight->name, start->op != GGML_OP_MUL, std::vector<int32_t>(steps.begin(), steps.end())});
        note(start, std::move(map));
        const auto place = std::find(around.section.nodes.begin(), around.section.nodes.end(), start);
        for (auto node = place + 1; node != around.section.nodes.end(); ++node) {
            follow(*node);
        }
    }

    /// What is free, by value.
    std::vector<ScaleGroup> groups() {
        fix_shared();
        std::vector<ScaleGroup> groups;
        for (const Use& use : uses_) {
            const auto known = std::find_if(groups.begin(), groups.end(), [&](const ScaleGroup& group) {
                return viewed(group.value) == viewed(use.value);
            });
            if (known != groups.end()) {
                known->consumers.push_back(use.weight);
                continue;
            }
            ScaleGroup group;
            group.value = use.value;
            group.count = static_cast<int32_t>(channels_);
            group.chosen = chosen_;
            std::vector<bool> is_read(static_cast<size_t>(channels_), false);
            for (const int64_t number : use.channels) {
                const bool is_free = !is_fixed_[static_cast<size_t>(number)];
                group.scales.push_back(is_free ? static_cast<int32_t>(number) : ScaleGroup::no_scale);
                is_read[static_cast<size_t>(number)] = is_free;
            }
            if (std::find(is_read.begin(), is_read.end(), true) == is_read.end()) {
                continue;
            }
            group.consumers.push_back(use.weight);
            for (ScaleGroup::Producer producer : producers_) {
                for (int32_t& scale : producer.scales) {
                    scale = is_read[static_cast<size_t>(scale)] ? scale : ScaleGroup::no_scale;
                }
                group.producers.push_back(std::move(producer));
            }
            groups.push_back(std::move(group));
        }
        for (ScaleGroup& group : groups) {
            std::sort(group.consumers.begin(), group.consumers.end());
            group.consumers.erase(std::unique(group.consumers.begin(), group.consumers.end()), group.consumers.end());
        }
        return groups;
    }

private:
    /// A product of a weight with channels that it scales.
    struct Use {
        std::string weight;
        ggml_tensor* value;
        std::vector<int64_t> channels; ///< of each of the value's channels the one here
    };

    std::vector<int64_t> places(const ggml_tensor* of_chosen, int dimension) const {
        std::vector<int64_t> steps;
        for (int64_t i = 0; i < of_chosen->ne[dimension]; i++) {
            steps.push_back(i * channels_ * (dimension == 1 ? 1 : of_chosen->ne[1]));
        }
        return steps;
    }

    /// Whether a value has the outputs of one chosen expert after another's, or, where none is chosen, each token's
    /// channels alike.
    bool is_in_place(const ChannelMap& map, const ggml_tensor* value) const {
        ChannelMap wanted;
        if (chosen_ != nullptr) {
            if (value->ne[1] != chosen_->ne[0] || value->ne[2] != chosen_->ne[1] || value->ne[3] != 1) {
                return false;
            }
            set_steps(wanted, 1, places(value, 1));
            set_steps(wanted, 2, places(value, 2));
        }
        const std::vector<int64_t> channels = map.along(0, value->ne[0]);
        return map.steps[1] == wanted.steps[1] && map.steps[2] == wanted.steps[2] && map.steps[3] == wanted.steps[3] &&
               std::all_of(channels.begin(), channels.end(), [&](int64_t number) { return number < channels_; });
    }

    bool is_followed(ggml_tensor* source) const { return source != nullptr && maps_.count(viewed(source)) != 0; }

    void note(ggml_tensor* node, ChannelMap map) {
        if (around_.kept.count(node) != 0) {
            fix(map);
            return;
        }
        maps_.emplace(node, std::move(map));
    }

    void fix(const ChannelMap& map) {
        for (const int64_t channel : map.numbers(channels_)) {
            is_fixed_[static_cast<size_t>(channel)] = true;
        }
    }

    /// The channels of a source are used in a way that leaves their scale no freedom.
    void fix(ggml_tensor* source) {
        const std::optional<ChannelMap> map = read(source);
        fix(map ? *map : maps_.at(viewed(source)));
    }

    /// The map of a node's source; nothing when it cannot be told.
    std::optional<ChannelMap> read(ggml_tensor* source) const {
        const ggml_tensor* root = viewed(source);
        if (source->type != GGML_TYPE_F32 || root->type != GGML_TYPE_F32 || !ggml_is_contiguous(root)) {
            return std::nullopt;
        }
        Strides elements{};
        std::copy_n(source->ne, GGML_MAX_DIMS, elements.count.begin());
        std::copy_n(source->nb, GGML_MAX_DIMS, elements.bytes.begin());
        return map_elements(maps_.at(root), root->ne, source == root ? 0 : source->view_offs, elements);
    }

    void follow(ggml_tensor* node) {
        int only = -1;
        int count = 0;
        for (int i = 0; i < GGML_MAX_SRC; i++) {
            if (is_followed(node->src[i])) {
                only = i;
                count++;
            }
        }
        if (count == 0) {
            return;
        }
        std::optional<ChannelMap> map = count == 1 ? read(node->src[only]) : std::nullopt;
        const bool is_known = map && follow(node, only, *map);
        for (int i = 0; i < GGML_MAX_SRC && !is_known; i++) {
            if (is_followed(node->src[i])) {
                fix(node->src[i]);
            }
        }
    }

    /// Goes on through a node one of whose sources has channels; false for a use that leaves them no freedom.
    bool follow(ggml_tensor* node, int source, const ChannelMap& map) {
        const ggml_tensor* from = node->src[source];
        switch (node->op) {
        case GGML_OP_CONT:
        case GGML_OP_CPY:
        case GGML_OP_DUP:
            return source == 0 && node->type == GGML_TYPE_F32 && follow_copy(node, map);
        case GGML_OP_PAD:
            return follow_padding(node, map);
        case GGML_OP_MUL:
            return follow_factor(node, source, map);
        case GGML_OP_ADD:
            return source < 2 && ggml_are_same_shape(node, from) && is_in_place(map, from) && chosen_ == nullptr &&
                   follow_bias(node, around_.vector_of(node, source), map);
        case GGML_OP_ADD_ID:
            return source == 0 && chosen_ != nullptr && node->src[2] == chosen_ && is_in_place(map, from) &&
                   around_.is_weight(node->src[1]) && around_.is_read_once(node->src[1]) &&
                   follow_bias(node, node->src[1], map);
        case GGML_OP_GLU:
            return follow_gate(node, source, map);
        case GGML_OP_MUL_MAT:
            return around_.is_weight(node->src[0]) ? source == 1 && chosen_ == nullptr && use(node, map)
                                                   : follow_product(node, source, map);
        case GGML_OP_MUL_MAT_ID:
            return around_.is_weight(node->src[0]) && source == 1 && (chosen_ == nullptr || chosen_ == node->src[2]) &&
                   use(node, map);
        default:
            return false;
        }
    }

    bool follow_copy(ggml_tensor* node, const ChannelMap& map) {
        Strides elements{};
        std::copy_n(node->ne, GGML_MAX_DIMS, elements.count.begin());
        std::copy_n(node->nb, GGML_MAX_DIMS, elements.bytes.begin());
        std::optional<ChannelMap> copied = map_elements(map, node->src[0]->ne, 0, elements);
        if (copied) {
            note(node, std::move(*copied));
        }
        return copied.has_value();
    }

    /// Zeros have any scale.
    bool follow_padding(ggml_tensor* node, const ChannelMap& map) {
        for (int d = 0; d < GGML_MAX_DIMS; d++) {
            if (node->ne[d] != node->src[0]->ne[d] && map.varies_along(d)) {
                return false;
            }
        }
        const bool is_circular = node->op_params[8] != 0;
        if (!is_circular) {
            note(node, map);
        }
        return !is_circular;
    }

    /// The map of a source that is repeated to a node's shape.
    static ChannelMap repeat(const ggml_tensor* node, const ggml_tensor* source, const ChannelMap& map) {
        ChannelMap repeated;
        repeated.first = map.first;
        for (int d = 0; d < GGML_MAX_DIMS; d++) {
            if (map.varies_along(d)) {
                std::vector<int64_t> steps;
                for (int64_t i = 0; i < node->ne[d]; i++) {
                    steps.push_back(map.steps[d][static_cast<size_t>(i % source->ne[d])]);
                }
                set_steps(repeated, d, std::move(steps));
            }
        }
        return repeated;
    }

    bool follow_factor(ggml_tensor* node, int source, const ChannelMap& map) {
        if (source < 2) {
            note(node, repeat(node, node->src[source], map));
        }
        return source < 2;
    }

    bool follow_bias(ggml_tensor* node, const ggml_tensor* bias, const ChannelMap& map) {
        if (bias == nullptr) {
            return false;
        }
        const std::vector<int64_t> channels = map.along(0, node->ne[0]);
        producers_.push_back({bias->name, false, std::vector<int32_t>(channels.begin(), channels.end())});
        note(node, map);
        return true;
    }

    /// A gated activation multiplies with one source, or half of its only one, as it is.
    bool follow_gate(ggml_tensor* node, int source, const ChannelMap& map) {
        switch (ggml_get_glu_op(node)) {
        case GGML_GLU_OP_REGLU:
        case GGML_GLU_OP_GEGLU:
        case GGML_GLU_OP_SWIGLU:
        case GGML_GLU_OP_GEGLU_ERF:
        case GGML_GLU_OP_GEGLU_QUICK:
            break;
        default:
            return false; // others clamp the factor, or add to it
        }
        if (node->src[1] != nullptr) {
            const bool is_factor = source == 1 && ggml_are_same_shape(node, node->src[1]);
            if (is_factor) {
                note(node, map);
            }
            return is_factor;
        }
        ChannelMap halves[2] = {map, map}; // the activated half, the factor
        const std::vector<int64_t> all = map.along(0, node->src[0]->ne[0]);
        const bool is_swapped = node->op_params[1] != 0;
        for (const int half : {0, 1}) {
            const auto begin = all.begin() + ((half == 1) != is_swapped ? node->ne[0] : 0);
            halves[half].first = *begin;
            std::vector<int64_t> steps(begin, begin + node->ne[0]);
            std::transform(steps.begin(), steps.end(), steps.begin(),
                           [&](int64_t number) { return number - halves[half].first; });
            set_steps(halves[half], 0, std::move(steps));
        }
        fix(halves[0]);
        note(node, std::move(halves[1]));
        return true;
    }

    /// A product of two activations sums over their first dimension, whose elements must be of one channel then.
    bool follow_product(ggml_tensor* node, int source, const ChannelMap& map) {
        if (source > 1 || map.varies_along(0)) {
            return false;
        }
        ChannelMap product;
        product.first = map.first;
        product.steps[source == 0 ? 0 : 1] = map.steps[1];
        for (const int d : {2, 3}) {
            if (map.varies_along(d)) {
                const int64_t ratio = node->ne[d] / node->src[source]->ne[d];
                std::vector<int64_t> steps;
                for (int64_t i = 0; i < node->ne[d]; i++) {
                    steps.push_back(map.steps[d][static_cast<size_t>(i / ratio)]);
                }
                set_steps(product, d, std::move(steps));
            }
        }
        note(node, std::move(product));
        return true;
    }

    bool use(ggml_tensor* node, const ChannelMap& map) {
        ggml_tensor* value = node->src[1];
        if (!around_.is_own(node->src[0]) || !is_in_place(map, value)) {
            return false;
        }
        uses_.push_back({node->src[0]->name, value, map.along(0, value->ne[0])});
        return true;
    }

    /// Fixes channels of weights that are read in another way too, and channels that come in several values.
    void fix_shared() {
        WeightReads reads;
        for (const Use& use : uses_) {
            reads[use.weight]++;
        }
        std::unordered_map<int64_t, const ggml_tensor*> value_of;
        const auto fix_all = [&](const Use& use) {
            for (const int64_t number : use.channels) {
                is_fixed_[static_cast<size_t>(number)] = true;
            }
        };
        for (const Use& use : uses_) {
            const bool is_shared = reads.at(use.weight) != around_.reads.at(use.weight) ||
                                   std::any_of(uses_.begin(), uses_.end(), [&](const Use& other) {
                                       const bool is_same = viewed(other.value) == viewed(use.value);
                                       return is_same ? other.channels != use.channels : other.weight == use.weight;
                                   });
            if (is_shared) {
                fix_all(use);
            }
            for (const int64_t number : use.channels) {
                const auto known = value_of.emplace(number, viewed(use.value)).first;
                if (known->second != viewed(use.value)) {
                    is_fixed_[static_cast<size_t>(number)] = true;
                }
            }
        }
    }

    const Surroundings& around_;
    int64_t channels_;                                        ///< of the start
    std::vector<bool> is_fixed_;                              ///< by channel
    ggml_tensor* chosen_;                                     ///< of experts: which each output is of
    std::unordered_map<const ggml_tensor*, ChannelMap> maps_; ///< of nodes
    std::vector<ScaleGroup::Producer> producers_;
    std::vector<Use> uses_;
};

Surroundings look_around(const ModelGraph& graph, const std::vector<Section>& sections, size_t section) {
    Surroundings around{graph, sections[section], {}, {}, {}};
    for (const WeightUse& use : find_weight_uses(graph, sections)) {
        if (use.sections.size() > 1) {
            around.elsewhere.insert(use.name);
        }
    }
    for (const ggml_tensor* node : sections[section].nodes) {
        for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
            const ggml_tensor* root = viewed(node->src[i]);
            if (around.is_weight(root)) {
                around.reads[root->name]++;
            }
        }
    }
    for (ggml_tensor* output : sections[section].outputs) {
        around.kept.insert(viewed(output));
    }
    return around;
}

/// The weight that scales a node's channels; null for none.
const ggml_tensor* find_scaling_weight(const Surroundings& around, ggml_tensor* node) {
    if (node->op == GGML_OP_MUL) {
        return around.vector_of(node);
    }
    const ggml_tensor* weight = node->src[0];
    const bool is_linear = node->op == GGML_OP_MUL_MAT_ID || (node->op == GGML_OP_MUL_MAT && ggml_is_matrix(weight));
    return is_linear && around.is_weight(weight) && around.is_read_once(weight) &&
                   !around.is_weight(viewed(node->src[1]))
               ? weight
               : nullptr;
}

} // namespace

std::vector<ScaleGroup> find_scale_groups(const ModelGraph& graph, const std::vector<Section>& sections,
                                          size_t section) {
    const Surroundings around = look_around(graph, sections, section);
    std::vector<ScaleGroup> groups;
    std::unordered_set<const ggml_tensor*> values;
    for (ggml_tensor* node : sections[section].nodes) {
        const ggml_tensor* weight = find_scaling_weight(around, node);
        if (weight == nullptr) {
            continue;
        }
        for (ScaleGroup& group : Follower(around, node, weight).groups()) {
            if (values.insert(viewed(group.value)).second) {
                groups.push_back(std::move(group));
            }
        }
    }
    return groups;
}

} // namespace mixllm
