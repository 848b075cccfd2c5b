#include <cstring>
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

/// Whether a node multiplies a linear weight of a block, or a stack of experts, with a prompt.
bool is_wanted(const ggml_tensor* node) {
    const bool mixes = node->op == GGML_OP_MUL_MAT_ID;
    return (mixes || node->op == GGML_OP_MUL_MAT) && node->src[1]->type == GGML_TYPE_F32 &&
           (mixes ? node->src[2]->ne[1] : node->src[1]->ne[1]) >= fewest_tokens &&
           weight_name(node->src[0]).rfind("blk.", 0) == 0;
}

/// A tensor's bytes, copied to `copy` where they are on a device.
const uint8_t* host_data(const ggml_tensor* tensor, std::vector<uint8_t>& copy) {
    if (ggml_backend_buffer_is_host(tensor->buffer)) {
        return static_cast<const uint8_t*>(tensor->data);
    }
    copy.resize(ggml_nbytes(tensor));
    ggml_backend_tensor_get(tensor, copy.data(), 0, copy.size());
    return copy.data();
}

} // namespace

bool ActivationSums::on_node(ggml_tensor* node, bool asking, void* sums) {
    auto* self = static_cast<ActivationSums*>(sums);
    if (asking) {
        return is_wanted(node);
    }
    self->add(node);
    return true;
}

void ActivationSums::add(const ggml_tensor* node) {
    const ggml_tensor* input = node->src[1];
    const uint8_t* data = host_data(input, copy_);
    const auto inputs = static_cast<size_t>(input->ne[0]);
    const size_t experts = node->op == GGML_OP_MUL_MAT_ID ? static_cast<size_t>(node->src[0]->ne[2]) : 1;
    Entry& entry = entries_[weight_name(node->src[0])];
    entry.squares.resize(experts * inputs);
    entry.tokens.resize(experts);
    const auto add_row = [&](size_t expert, int64_t i1, int64_t i2, int64_t i3) {
        const auto* row = reinterpret_cast<const float*>(data + static_cast<size_t>(i1) * input->nb[1] +
                                                         static_cast<size_t>(i2) * input->nb[2] +
                                                         static_cast<size_t>(i3) * input->nb[3]);
        double* squares = entry.squares.data() + expert * inputs;
        for (size_t i = 0; i < inputs; i++) {
            squares[i] += static_cast<double>(row[i]) * row[i];
        }
        entry.tokens[expert]++;
    };
    if (node->op == GGML_OP_MUL_MAT_ID) {
        // x is `[inputs, 1 or slots, tokens]`, the numbers of the experts `[slots, tokens]`.
        const ggml_tensor* ids = node->src[2];
        const uint8_t* numbers = host_data(ids, ids_copy_);
        for (int64_t token = 0; token < ids->ne[1]; token++) {
            for (int64_t slot = 0; slot < ids->ne[0]; slot++) {
                int32_t expert = 0;
                std::memcpy(&expert,
                            numbers + static_cast<size_t>(slot) * ids->nb[0] + static_cast<size_t>(token) * ids->nb[1],
                            sizeof expert);
                if (expert >= 0 && static_cast<size_t>(expert) < experts) {
                    add_row(static_cast<size_t>(expert), slot % input->ne[1], token, 0);
                }
            }
        }
        return;
    }
    for (int64_t i3 = 0; i3 < input->ne[3]; i3++) {
        for (int64_t i2 = 0; i2 < input->ne[2]; i2++) {
            for (int64_t i1 = 0; i1 < input->ne[1]; i1++) {
                add_row(0, i1, i2, i3);
            }
        }
    }
}

} // namespace mixllm
