#include "synthetic/plan_tensors.h"

#include <cmath>

namespace mixllm {

namespace {

constexpr int64_t group_size = 128;
/// MixLLM deals 8-bit rows out in tiles.
constexpr int64_t tile_rows = 16;

} // namespace

std::vector<PlannedTensor> plan_mixed_weight(const std::string& name, int64_t inputs, int64_t outputs,
                                             double percent8bit) {
    const int64_t groups = (inputs + group_size - 1) / group_size;
    const int64_t tiles = outputs / tile_rows;
    const int64_t rows8 = tile_rows * std::llround(static_cast<double>(tiles) * percent8bit / 100);
    const int64_t rows4 = outputs - rows8;
    std::vector<PlannedTensor> tensors;
    if (rows4 > 0) {
        tensors.push_back({name + ".w4", GGML_TYPE_I8, {inputs / 2, rows4}, Filling::Nibbles});
        tensors.push_back({name + ".w4_scale", GGML_TYPE_F16, {rows4, groups}, Filling::Scales4});
        tensors.push_back({name + ".w4_zero", GGML_TYPE_I8, {rows4 / 2, groups}, Filling::ZeroPoints});
    }
    if (rows8 > 0) {
        tensors.push_back({name + ".w8", GGML_TYPE_I8, {inputs, rows8}, Filling::Quants8});
        tensors.push_back({name + ".w8_scale", GGML_TYPE_F16, {rows8, groups}, Filling::Scales8});
    }
    tensors.push_back({name + ".rows", GGML_TYPE_I32, {outputs}, Filling::Rows, rows4});
    return tensors;
}

std::vector<PlannedTensor> plan_tensors(const SyntheticModel& model) {
    std::vector<PlannedTensor> tensors;
    const auto add_norm = [&](const std::string& name) {
        tensors.push_back({name, GGML_TYPE_F32, {model.hidden}, Filling::Ones});
    };
    const auto add_linear = [&](const std::string& name, int64_t inputs, int64_t outputs) {
        if (model.mixed) {
            const std::vector<PlannedTensor> parts = plan_mixed_weight(name, inputs, outputs, model.percent8bit);
            tensors.insert(tensors.end(), parts.begin(), parts.end());
        } else {
            tensors.push_back({name, GGML_TYPE_F16, {inputs, outputs}, Filling::Weights});
        }
    };

    // A mixed model stores its embedding and head as llama.cpp's Q4_K_M does: the head, tied or not, in 6 bits.
    const auto vocabulary = static_cast<int64_t>(model.tokens.size());
    const ggml_type head = model.mixed ? GGML_TYPE_Q6_K : GGML_TYPE_F16;
    const ggml_type embedding = model.mixed && !model.tied ? GGML_TYPE_Q4_K : head;
    tensors.push_back({"token_embd.weight", embedding, {model.hidden, vocabulary}, Filling::Weights});
    add_norm("output_norm.weight");
    if (!model.tied) {
        tensors.push_back({"output.weight", head, {model.hidden, vocabulary}, Filling::Weights});
    }
    const int64_t kv_width = model.kv_heads * model.head_size();
    for (int64_t layer = 0; layer < model.layers; layer++) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        add_norm(block + "attn_norm.weight");
        add_linear(block + "attn_q.weight", model.hidden, model.hidden);
        add_linear(block + "attn_k.weight", model.hidden, kv_width);
        add_linear(block + "attn_v.weight", model.hidden, kv_width);
        add_linear(block + "attn_output.weight", model.hidden, model.hidden);
        add_norm(block + "ffn_norm.weight");
        add_linear(block + "ffn_gate.weight", model.hidden, model.feed_forward);
        add_linear(block + "ffn_up.weight", model.hidden, model.feed_forward);
        add_linear(block + "ffn_down.weight", model.feed_forward, model.hidden);
    }
    return tensors;
}

} // namespace mixllm
