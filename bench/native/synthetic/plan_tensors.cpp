#include "synthetic/plan_tensors.h"

#include "synthetic/plan_mixed_weight.h"

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
