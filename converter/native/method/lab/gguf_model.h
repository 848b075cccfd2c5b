#pragma once

#include <ggml.h>
#include <gguf.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "../head_loss.h"
#include "../layer_shape.h"
#include "../weight_source.h"

namespace mixllm {

/// A float GGUF of a Llama-shaped model in memory, as the method's core takes it.
class GgufModel {
public:
    explicit GgufModel(const std::string& path) {
        gguf_init_params params{};
        params.ctx = &context_;
        gguf_ = gguf_init_from_file(path.c_str(), params);
        if (gguf_ == nullptr) {
            throw std::runtime_error("cannot read " + path);
        }
        const std::string architecture = text("general.architecture");
        const auto number = [&](const char* key) {
            return static_cast<int64_t>(gguf_get_val_u32(gguf_, find(architecture + key)));
        };
        layers = number(".block_count");
        shape.hidden = number(".embedding_length");
        shape.ffn = number(".feed_forward_length");
        shape.heads = number(".attention.head_count");
        shape.kv_heads = number(".attention.head_count_kv");
        shape.head_dim = shape.hidden / shape.heads;
        if (gguf_find_key(gguf_, (architecture + ".attention.key_length").c_str()) >= 0) {
            shape.head_dim = number(".attention.key_length");
        }
        shape.rope = {gguf_get_val_f32(gguf_, find(architecture + ".rope.freq_base")),
                      1,
                      0,
                      1,
                      32,
                      1,
                      0,
                      architecture != "llama"};
        shape.norm_epsilon = gguf_get_val_f32(gguf_, find(architecture + ".attention.layer_norm_rms_epsilon"));
    }

    ~GgufModel() {
        gguf_free(gguf_);
        ggml_free(context_);
    }

    GgufModel(const GgufModel&) = delete;
    GgufModel& operator=(const GgufModel&) = delete;

    LayerShape shape;
    int64_t layers;

    WeightSource tensor(const std::string& name) const {
        const ggml_tensor* tensor = ggml_get_tensor(context_, name.c_str());
        return tensor == nullptr ? WeightSource{}
                                 : WeightSource{tensor->data, tensor->type, tensor->ne[0], tensor->ne[1]};
    }

    LayerSources layer(int64_t index) const {
        static const char* const names[linear_count] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                        "ffn_gate", "ffn_up", "ffn_down"};
        const std::string prefix = "blk." + std::to_string(index) + ".";
        LayerSources sources;
        for (size_t i = 0; i < linear_count; i++) {
            sources.linear[i] = tensor(prefix + names[i] + ".weight");
            sources.bias[i] = tensor(prefix + names[i] + ".bias");
        }
        sources.attention_norm = tensor(prefix + "attn_norm.weight");
        sources.mlp_norm = tensor(prefix + "ffn_norm.weight");
        sources.q_norm = tensor(prefix + "attn_q_norm.weight");
        sources.k_norm = tensor(prefix + "attn_k_norm.weight");
        sources.rope_factors = tensor("rope_freqs.weight");
        return sources;
    }

    HeadSources head() const {
        const WeightSource output = tensor("output.weight");
        return {tensor("output_norm.weight"), output.data != nullptr ? output : embedding(), shape.norm_epsilon};
    }

    WeightSource embedding() const { return tensor("token_embd.weight"); }

private:
    int64_t find(const std::string& key) const {
        const int64_t id = gguf_find_key(gguf_, key.c_str());
        if (id < 0) {
            throw std::runtime_error("the GGUF lacks " + key);
        }
        return id;
    }

    std::string text(const std::string& key) const { return gguf_get_val_str(gguf_, find(key)); }

    gguf_context* gguf_ = nullptr;
    ggml_context* context_ = nullptr;
};

} // namespace mixllm
