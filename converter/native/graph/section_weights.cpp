#include "graph/section_weights.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "calibration/transpose.h"
#include "graph/expert_weights.h"
#include "quantize/rounding.h"

namespace mixllm {

namespace {

/// The leaf among a node's sources that a weight is, null for none.
const SourceRows& checked_source(const WeightSources& sources, const ggml_tensor* leaf) {
    const auto found = sources.find(leaf->name);
    if (found == sources.end()) {
        throw std::runtime_error(std::string("the weight ") + leaf->name + " is missing");
    }
    const SourceRows& source = found->second;
    if (source.columns != static_cast<size_t>(leaf->ne[0]) ||
        source.count() != static_cast<size_t>(ggml_nelements(leaf))) {
        throw std::runtime_error(std::string("the weight ") + leaf->name + " is " + std::to_string(source.rows) +
                                 " x " + std::to_string(source.columns) + ", but the model's graph takes " +
                                 describe_shape(leaf));
    }
    return source;
}

} // namespace

bool takes_rows(const ModelGraph& graph, const ggml_tensor* node) {
    return node->op == GGML_OP_GET_ROWS && graph.is_leaf(node->src[0], ModelGraph::Leaf::weight) &&
           ggml_is_matrix(node->src[0]) && node->src[1]->type == GGML_TYPE_I32 &&
           (graph.is_leaf(node->src[1], ModelGraph::Leaf::tokens) ||
            graph.is_leaf(node->src[1], ModelGraph::Leaf::input));
}

std::unordered_set<std::string> find_experts(const ModelGraph& graph, const Section& section) {
    std::unordered_set<std::string> experts;
    std::unordered_set<std::string> others;
    for (const ggml_tensor* node : section.nodes) {
        for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
            const ggml_tensor* root = viewed(node->src[i]);
            if (graph.is_leaf(root, ModelGraph::Leaf::weight)) {
                const bool is_product = i == 0 && node->op == GGML_OP_MUL_MAT_ID && node->src[0] == root;
                (is_product ? experts : others).insert(root->name);
            }
        }
    }
    for (const std::string& name : others) {
        experts.erase(name);
    }
    return experts;
}

ggml_tensor* SectionWeights::make_stand_in(const ggml_tensor* leaf) const {
    alignas(64) static char nothing[64]; // an address keeps the graph's allocator from making room for it
    ggml_tensor* tensor = ggml_new_tensor(stand_ins_.get(), GGML_TYPE_F32, GGML_MAX_DIMS, leaf->ne);
    tensor->buffer = no_buffer_.get();
    tensor->data = nothing;
    return tensor;
}

void SectionWeights::make_tensors(Engine& engine, const ModelGraph& graph, const Section& section,
                                  const std::unordered_map<std::string, Copies>& copies) {
    const std::unordered_set<std::string> experts = find_experts(graph, section);
    std::unordered_set<std::string> uploaded; // read by anything but rows
    for (const ggml_tensor* node : section.nodes) {
        for (ggml_tensor* source : node->src) {
            const ggml_tensor* root = source == nullptr ? nullptr : viewed(source);
            if (graph.is_leaf(root, ModelGraph::Leaf::weight) && !takes_rows(graph, node)) {
                uploaded.insert(root->name);
            }
        }
    }
    ggml_init_params params{};
    params.mem_size = ggml_tensor_overhead() * (4 * section.weights.size() + 1);
    params.no_alloc = true;
    context_.reset(ggml_init(params));
    stand_ins_.reset(ggml_init(params));
    if (!context_ || !stand_ins_) {
        throw std::runtime_error("not enough memory for a ggml context");
    }
    no_buffer_.reset(ggml_backend_alloc_buffer(engine.backend(), 0));
    for (const ggml_tensor* leaf : section.weights) {
        Weight weight;
        if (uploaded.count(leaf->name) != 0 && weights_.count(leaf->name) == 0) {
            const auto asked = copies.find(leaf->name);
            const Copies kind = asked == copies.end() ? Copies::none : asked->second;
            if (experts.count(leaf->name) != 0) {
                weight.values = make_stand_in(leaf);
                weight.rows = std::make_shared<SourceExperts>(SourceRows{}, static_cast<size_t>(leaf->ne[1]), nullptr);
                if (kind >= Copies::transpose_and_rounding) {
                    weight.rounding = make_stand_in(leaf);
                }
                if (kind == Copies::transpose_and_both_roundings) {
                    weight.own_rounding = make_stand_in(leaf);
                }
                weights_.emplace(leaf->name, std::move(weight));
                continue;
            }
            weight.values = ggml_new_tensor(context_.get(), GGML_TYPE_F32, GGML_MAX_DIMS, leaf->ne);
            if (kind != Copies::none) {
                weight.transposed = ggml_new_tensor_4d(context_.get(), GGML_TYPE_F32, leaf->ne[1], leaf->ne[0],
                                                       leaf->ne[2], leaf->ne[3]);
            }
            if (kind >= Copies::transpose_and_rounding) {
                weight.rounding = ggml_new_tensor(context_.get(), GGML_TYPE_F32, GGML_MAX_DIMS, leaf->ne);
            }
            if (kind == Copies::transpose_and_both_roundings) {
                weight.own_rounding = ggml_new_tensor(context_.get(), GGML_TYPE_F32, GGML_MAX_DIMS, leaf->ne);
            }
        }
        weights_.emplace(leaf->name, weight);
    }
}

SectionWeights::SectionWeights(Engine& engine, const ModelGraph& graph, const Section& section,
                               const std::unordered_map<std::string, Copies>& copies) {
    make_tensors(engine, graph, section, copies);
    // A buffer of no bytes keeps the graph's allocator from making room for them.
    buffer_.reset(ggml_backend_alloc_buffer(engine.backend(), 0));
    for (ggml_tensor* tensor = ggml_get_first_tensor(context_.get()); tensor != nullptr;
         tensor = ggml_get_next_tensor(context_.get(), tensor)) {
        tensor->buffer = buffer_.get();
    }
}

size_t SectionWeights::bytes() const {
    size_t bytes = 0;
    for (const ggml_tensor* tensor = ggml_get_first_tensor(context_.get()); tensor != nullptr;
         tensor = ggml_get_next_tensor(context_.get(), const_cast<ggml_tensor*>(tensor))) {
        bytes += ggml_nbytes(tensor);
    }
    return bytes;
}

SectionWeights::SectionWeights(Engine& engine, const ModelGraph& graph, const Section& section,
                               const WeightSources& sources, const std::unordered_map<std::string, Copies>& copies) {
    make_tensors(engine, graph, section, copies);
    for (const ggml_tensor* leaf : section.weights) {
        Weight& weight = weights_.at(leaf->name);
        weight.source = checked_source(sources, leaf);
        if (weight.rows != nullptr) {
            const auto channels = static_cast<size_t>(leaf->ne[1]);
            weight.rows = std::make_shared<SourceExperts>(weight.source, channels, &engine.workers());
            weight.values->extra = const_cast<ExpertRows*>(weight.rows.get());
            if (weight.rounding != nullptr) {
                weight.rounding_rows =
                    std::make_shared<RoundingExperts>(weight.source, Rounded::equalized, channels, &engine.workers());
                weight.rounding->extra = const_cast<ExpertRows*>(weight.rounding_rows.get());
            }
            if (weight.own_rounding != nullptr) {
                weight.own_rounding_rows =
                    std::make_shared<RoundingExperts>(weight.source, Rounded::own, channels, &engine.workers());
                weight.own_rounding->extra = const_cast<ExpertRows*>(weight.own_rounding_rows.get());
            }
        }
    }
    if (ggml_get_first_tensor(context_.get()) == nullptr) {
        return;
    }
    buffer_.reset(ggml_backend_alloc_ctx_tensors(context_.get(), engine.backend()));
    if (!buffer_) {
        throw std::runtime_error("not enough memory for one decoder block");
    }
    const Workers& workers = engine.workers();
    std::vector<float> values;
    std::vector<float> derived;
    for (auto& [name, weight] : weights_) {
        if (weight.values == nullptr || weight.rows != nullptr) {
            continue;
        }
        values.resize(weight.source.count());
        weight.source.load(values.data(), workers);
        ggml_backend_tensor_set(weight.values, values.data(), 0, ggml_nbytes(weight.values));
        const auto columns = static_cast<size_t>(weight.values->ne[0]);
        const auto rows = static_cast<size_t>(weight.values->ne[1]);
        if (weight.transposed != nullptr) {
            derived.resize(values.size());
            for (size_t first = 0; first < values.size(); first += rows * columns) {
                transpose(values.data() + first, rows, columns, derived.data() + first, workers);
            }
            ggml_backend_tensor_set(weight.transposed, derived.data(), 0, ggml_nbytes(weight.transposed));
        }
        const auto set_rounding = [&](ggml_tensor* tensor, Rounded which) {
            if (tensor == nullptr) {
                return;
            }
            derived.resize(values.size());
            workers.for_each(weight.source.rows, [&, &source = weight.source](size_t row) {
                load_rounding(source, which, row, derived.data() + row * source.columns);
            });
            ggml_backend_tensor_set(tensor, derived.data(), 0, ggml_nbytes(tensor));
        };
        set_rounding(weight.rounding, Rounded::equalized);
        set_rounding(weight.own_rounding, Rounded::own);
    }
}

void SectionWeights::replace(const ggml_tensor* leaf, const ExpertRows* rows) {
    find(leaf).values->extra = const_cast<ExpertRows*>(rows);
}

void SectionWeights::replace(const ggml_tensor* leaf, const float* values) {
    ggml_tensor* tensor = find(leaf).values;
    ggml_backend_tensor_set(tensor, values, 0, ggml_nbytes(tensor));
}

} // namespace mixllm
