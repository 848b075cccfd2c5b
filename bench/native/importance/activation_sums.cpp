#include <ggml-backend.h>

#include "importance/importance_matrix.h"

namespace mixllm {

namespace {

/// Smaller batches are not prompts.
constexpr int64_t fewest_tokens = 16;

/// The scheduler calls a copy of a weight on another device `DEVICE#name#index`.
std::string weight_name(const ggml_tensor* weight) {
    const std::string name = ggml_get_name(weight);
    const size_t start = name.find('#');
    if (start == std::string::npos) {
        return name;
    }
    return name.substr(start + 1, name.find('#', start + 1) - start - 1);
}

} // namespace

bool ActivationSums::on_node(ggml_tensor* node, bool asking, void* sums) {
    auto* self = static_cast<ActivationSums*>(sums);
    if (asking) {
        return self->wants(node);
    }
    self->add(node);
    return true;
}

bool ActivationSums::wants(const ggml_tensor* node) {
    if (node->op == GGML_OP_MUL_MAT_ID && expert_weight_.empty()) {
        expert_weight_ = weight_name(node->src[0]);
    }
    return node->op == GGML_OP_MUL_MAT && node->src[1]->type == GGML_TYPE_F32 && node->src[1]->ne[1] >= fewest_tokens &&
           weight_name(node->src[0]).rfind("blk.", 0) == 0;
}

void ActivationSums::add(const ggml_tensor* node) {
    const ggml_tensor* input = node->src[1];
    const uint8_t* data = static_cast<const uint8_t*>(input->data);
    if (!ggml_backend_buffer_is_host(input->buffer)) {
        copy_.resize(ggml_nbytes(input));
        ggml_backend_tensor_get(input, copy_.data(), 0, copy_.size());
        data = copy_.data();
    }
    Entry& entry = entries_[weight_name(node->src[0])];
    entry.squares.resize(static_cast<size_t>(input->ne[0]));
    entry.tokens += ggml_nrows(input);
    for (int64_t i3 = 0; i3 < input->ne[3]; i3++) {
        for (int64_t i2 = 0; i2 < input->ne[2]; i2++) {
            for (int64_t i1 = 0; i1 < input->ne[1]; i1++) {
                const size_t offset = static_cast<size_t>(i1) * input->nb[1] + static_cast<size_t>(i2) * input->nb[2] +
                                      static_cast<size_t>(i3) * input->nb[3];
                const auto* row = reinterpret_cast<const float*>(data + offset);
                for (size_t i = 0; i < entry.squares.size(); i++) {
                    entry.squares[i] += static_cast<double>(row[i]) * row[i];
                }
            }
        }
    }
}

} // namespace mixllm
