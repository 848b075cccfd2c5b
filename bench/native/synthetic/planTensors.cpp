#include "synthetic/planTensors.h"

#include "synthetic/planMixedWeight.h"

std::vector<PlannedTensor> planTensors(const SyntheticModel& model) {
    std::vector<PlannedTensor> tensors;
    const auto addNorm = [&](const std::string& name) {
        tensors.push_back({name, GGML_TYPE_F32, {model.hidden}, Filling::Ones});
    };
    const auto addLinear = [&](const std::string& name, int64_t inputs, int64_t outputs) {
        if (model.mixed) {
            const std::vector<PlannedTensor> parts = planMixedWeight(name, inputs, outputs, model.percent8bit);
            tensors.insert(tensors.end(), parts.begin(), parts.end());
        } else
            tensors.push_back({name, GGML_TYPE_F16, {inputs, outputs}, Filling::Weights});
    };

    // A mixed model stores its embedding and head as llama.cpp's Q4_K_M does: the head, tied or not, in 6 bits.
    const auto vocabulary = static_cast<int64_t>(model.tokens.size());
    const ggml_type head = model.mixed ? GGML_TYPE_Q6_K : GGML_TYPE_F16;
    const ggml_type embedding = model.mixed && !model.tied ? GGML_TYPE_Q4_K : head;
    tensors.push_back({"token_embd.weight", embedding, {model.hidden, vocabulary}, Filling::Weights});
    addNorm("output_norm.weight");
    if (!model.tied)
        tensors.push_back({"output.weight", head, {model.hidden, vocabulary}, Filling::Weights});
    const int64_t kvWidth = model.kvHeads * model.headSize();
    for (int64_t layer = 0; layer < model.layers; layer++) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        addNorm(block + "attn_norm.weight");
        addLinear(block + "attn_q.weight", model.hidden, model.hidden);
        addLinear(block + "attn_k.weight", model.hidden, kvWidth);
        addLinear(block + "attn_v.weight", model.hidden, kvWidth);
        addLinear(block + "attn_output.weight", model.hidden, model.hidden);
        addNorm(block + "ffn_norm.weight");
        addLinear(block + "ffn_gate.weight", model.hidden, model.feedForward);
        addLinear(block + "ffn_up.weight", model.hidden, model.feedForward);
        addLinear(block + "ffn_down.weight", model.feedForward, model.hidden);
    }
    return tensors;
}
