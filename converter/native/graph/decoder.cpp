#include "graph/decoder.h"

#include <algorithm>

namespace mixllm {

namespace {

/// Whether half or more of the weights of the blocks that are multiplied with activations are used by more than one
/// block.
bool repeats_blocks(const std::vector<WeightUse>& uses) {
    size_t repeated = 0;
    size_t all = 0;
    for (const WeightUse& use : uses) {
        if (use.name.rfind("blk.", 0) == 0 && (use.use == "product" || use.use == "experts")) {
            repeated += use.sections.size() > 1 ? 1 : 0;
            all++;
        }
    }
    return repeated > 0 && 2 * repeated >= all;
}

} // namespace

SampleLayout find_layout(const ggml_tensor* value, const ggml_tensor* single, int64_t sequences) {
    if ((value->type != GGML_TYPE_F32 && value->type != GGML_TYPE_I32) || !ggml_is_contiguous(value)) {
        throw UnfollowedGraph(std::string("the value ") + value->name + " that crosses between blocks is " +
                              ggml_type_name(value->type) + " " + describe_shape(value) + ", not plain numbers");
    }
    // The dimension that grows with the number of samples; any does when there is one.
    int grown = GGML_MAX_DIMS - 1;
    for (int d = 0; d < GGML_MAX_DIMS; d++) {
        grown = value->ne[d] != single->ne[d] ? d : grown;
    }
    SampleLayout layout{single->ne[grown], 1};
    for (int d = 0; d < GGML_MAX_DIMS; d++) {
        if (d != grown && value->ne[d] != single->ne[d]) {
            throw UnfollowedGraph(std::string("the value ") + value->name + " of several samples is " +
                                  describe_shape(value) + ", of one " + describe_shape(single));
        }
        layout.inner *= d < grown ? value->ne[d] : 1;
        layout.outer *= d > grown ? value->ne[d] : 1;
    }
    if (value->ne[grown] != sequences * single->ne[grown]) {
        throw UnfollowedGraph(std::string("the value ") + value->name + " does not grow with the samples: " +
                              describe_shape(value) + " for " + std::to_string(sequences));
    }
    return layout;
}

std::vector<size_t> DecoderForm::numbers(const std::vector<ggml_tensor*>& tensors) const {
    std::vector<size_t> result;
    for (const ggml_tensor* tensor : tensors) {
        const auto found = number_of.find(tensor);
        if (found != number_of.end()) {
            result.push_back(found->second);
        }
    }
    return result;
}

Decoder::Decoder(const std::string& path, int64_t length, JobControl& control)
    : source_(path, control), length_(length) {
    try {
        follow();
    } catch (const UnfollowedGraph& error) {
        obstacle_ = error.what();
        forms_.clear();
        values_.clear();
    }
}

void Decoder::follow() {
    std::unique_ptr<DecoderForm> single = build(1);
    for (size_t v = 0; v < single->values.size(); v++) {
        values_.push_back({ggml_nelements(single->values[v]), 0});
    }
    for (size_t s = 0; s < single->sections.size(); s++) {
        for (const size_t number : single->numbers(single->sections[s].outputs)) {
            values_[number].made_by = s;
        }
    }
    for (const ggml_tensor* value : single->values) {
        single->layouts.push_back(find_layout(value, value, 1));
    }
    if (repeats_blocks(mixllm::find_weight_uses(single->graph, single->sections))) {
        throw UnfollowedGraph("its blocks run more than once with the same weights");
    }
    forms_.emplace(1, std::move(single));
    form(2); // where it does not agree with that for one, no other does

    std::string names;
    for (const std::string& name : source_.find_token_inputs(length_)) {
        names += (names.empty() ? "" : ", ") + name;
    }
    if (!names.empty()) {
        throw UnfollowedGraph("llama.cpp fills inputs by which tokens there are (" + names + ")");
    }
}

std::unique_ptr<DecoderForm> Decoder::build(int64_t sequences) const {
    ModelGraph graph = source_.build(length_, sequences);
    std::vector<Section> sections = cut_into_sections(graph);
    auto form = std::make_unique<DecoderForm>(DecoderForm{std::move(graph), std::move(sections), {}, {}, {}});
    for (size_t s = 0; s + 1 < form->sections.size(); s++) {
        for (ggml_tensor* value : form->sections[s].outputs) {
            form->number_of.emplace(value, form->values.size());
            form->values.push_back(value);
        }
    }
    return form;
}

const std::vector<Section>& Decoder::sections() const {
    static const std::vector<Section> none;
    return obstacle_.empty() ? single().sections : none;
}

std::vector<WeightUse> Decoder::find_weight_uses() const {
    const auto whole_uses = [&](int64_t length) {
        const ModelGraph graph = source_.capture(length, 1);
        return mixllm::find_weight_uses(graph, {whole_graph(graph)});
    };
    std::vector<WeightUse> uses =
        obstacle_.empty() ? mixllm::find_weight_uses(single().graph, single().sections) : whole_uses(length_);
    // A graph for one token may do otherwise than one for many.
    for (const WeightUse& other : whole_uses(1)) {
        const auto known =
            std::find_if(uses.begin(), uses.end(), [&](const WeightUse& use) { return use.name == other.name; });
        if (known != uses.end() && known->use != other.use) {
            known->use = known->use == "product" || known->use == "experts" ? other.use : known->use;
        }
    }
    return uses;
}

std::string Decoder::find_head() const {
    if (obstacle_.empty()) {
        return mixllm::find_head(single().graph, single().sections.back())->src[0]->name;
    }
    const ModelGraph graph = source_.capture(length_, 1);
    return mixllm::find_head(graph, whole_graph(graph))->src[0]->name;
}

const DecoderForm& Decoder::form(int64_t sequences) {
    const auto found = forms_.find(sequences);
    if (found != forms_.end()) {
        return *found->second;
    }
    std::unique_ptr<DecoderForm> form = build(sequences);
    const auto disagree = [&](const std::string& what) {
        throw UnfollowedGraph("the model's graph for " + std::to_string(sequences) + " samples has " + what +
                              " than that for one");
    };
    const DecoderForm& one = single();
    if (form->sections.size() != one.sections.size() || form->values.size() != one.values.size()) {
        disagree("other blocks");
    }
    for (size_t s = 0; s < one.sections.size(); s++) {
        const std::vector<ggml_tensor*>& nodes = form->sections[s].nodes;
        bool is_same = nodes.size() == one.sections[s].nodes.size();
        for (size_t n = 0; is_same && n < nodes.size(); n++) {
            is_same = nodes[n]->op == one.sections[s].nodes[n]->op;
        }
        if (!is_same || form->numbers(form->sections[s].inputs) != one.numbers(one.sections[s].inputs)) {
            disagree("other operations");
        }
    }
    for (size_t v = 0; v < form->values.size(); v++) {
        form->layouts.push_back(find_layout(form->values[v], one.values[v], sequences));
    }
    return *forms_.emplace(sequences, std::move(form)).first->second;
}

} // namespace mixllm
