#include "graph/replay.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace mixllm {

ggml_tensor* Replay::make(ggml_tensor* original) {
    const auto found = made_.find(original);
    if (found != made_.end()) {
        return found->second;
    }
    if (original->op == GGML_OP_NONE) {
        return made_[original] = make_leaf(original);
    }
    if (takes_rows(model_, original)) {
        return made_[original] = make_rows(original);
    }
    ggml_tensor* sources[GGML_MAX_SRC] = {};
    for (int i = 0; i < GGML_MAX_SRC; i++) {
        if (original->src[i] != nullptr && original->src[i] != original) {
            sources[i] = make(original->src[i]);
        }
    }
    if (original->op == GGML_OP_MUL_MAT && !ggml_is_contiguous(sources[1])) {
        // ggml multiplies with a permuted tensor (attention's queries) row by row, several times slower than the copy.
        nodes_.push_back(sources[1] = ggml_cont(graph_.context(), sources[1]));
    }
    if (original->op == GGML_OP_MUL_MAT_ID && model_.is_leaf(original->src[0], ModelGraph::Leaf::weight) &&
        weights_.experts(original->src[0]) != nullptr) {
        if (sources[1]->nb[0] != sizeof(float)) {
            nodes_.push_back(sources[1] = ggml_cont(graph_.context(), sources[1]));
        }
        ggml_tensor* product = multiply_experts(graph_.context(), sources[0], sources[1], sources[2]);
        ggml_set_name(product, original->name);
        nodes_.push_back(product);
        return made_[original] = product;
    }
    ggml_tensor* own = ggml_new_tensor(graph_.context(), original->type, GGML_MAX_DIMS, original->ne);
    own->op = original->op;
    std::memcpy(own->op_params, original->op_params, sizeof own->op_params);
    std::memcpy(own->nb, original->nb, sizeof own->nb);
    ggml_set_name(own, original->name);
    for (int i = 0; i < GGML_MAX_SRC; i++) {
        own->src[i] = original->src[i] == original ? own : sources[i];
    }
    if (is_view(original)) {
        const ggml_tensor* part_of = original->src[0];
        const size_t within = original->view_offs - (part_of->view_src != nullptr ? part_of->view_offs : 0);
        own->view_src = sources[0]->view_src != nullptr ? sources[0]->view_src : sources[0];
        own->view_offs = sources[0]->view_offs + within;
    } else if (own->op == GGML_OP_SET_ROWS) {
        own->view_src = sources[2]; // a copy made for it
    } else if (own->op == GGML_OP_MUL_MAT || own->op == GGML_OP_MUL_MAT_ID) {
        ggml_prec_set_acc(own, GGML_PREC_F32); // whatever the device prefers
    }
    nodes_.push_back(own);
    return made_[original] = own;
}

ggml_tensor* Replay::make_leaf(const ggml_tensor* leaf) {
    switch (model_.leaves.at(leaf)) {
    case ModelGraph::Leaf::weight:
        return weights_.values(leaf);
    case ModelGraph::Leaf::tokens:
        return graph_.input(leaf, tokens_);
    case ModelGraph::Leaf::input:
        return graph_.input(leaf, model_.data.at(leaf).data());
    case ModelGraph::Leaf::zero:
        tables_.emplace_back(static_cast<size_t>(ggml_nelements(leaf)), 0.0f);
        return graph_.input(leaf, tables_.back().data());
    default:
        return ggml_new_tensor(graph_.context(), leaf->type, GGML_MAX_DIMS, leaf->ne); // a place to copy to
    }
}

ggml_tensor* Replay::make_rows(const ggml_tensor* node) {
    const SourceRows& table = weights_.source(node->src[0]);
    const auto* numbers = model_.is_leaf(node->src[1], ModelGraph::Leaf::tokens)
                              ? tokens_
                              : reinterpret_cast<const int32_t*>(model_.data.at(node->src[1]).data());
    const int64_t count = ggml_nelements(node->src[1]);
    if (table.data == nullptr) {
        return graph_.input(node, nullptr); // of a graph that is only measured
    }
    tables_.emplace_back(static_cast<size_t>(count) * table.columns);
    for (int64_t i = 0; i < count; i++) {
        if (numbers[i] < 0 || static_cast<size_t>(numbers[i]) >= table.rows) {
            throw std::runtime_error("calibration token " + std::to_string(numbers[i]) + " is outside the " +
                                     std::to_string(table.rows) + " rows of " + node->src[0]->name);
        }
        table.load(static_cast<size_t>(numbers[i]), tables_.back().data() + static_cast<size_t>(i) * table.columns);
    }
    return graph_.input(node, tables_.back().data());
}

} // namespace mixllm
