#include "synthetic/plan_model.h"

#include <array>
#include <cmath>

#include "common/format/mixllm_format.h"
#include "common/native/job.h"

namespace mixllm {

namespace {

/// In the order of a weight's components.
constexpr Filling fillings[MIXLLM_COMPONENTS] = {Filling::Nibbles, Filling::Scales4, Filling::ZeroPoints,
                                                 Filling::Quants8, Filling::Scales8, Filling::Mask};

/// Collects a model's hyperparameters and tensors, layer by layer.
class Plan {
public:
    Plan(const SyntheticModel& model, gguf_context* metadata)
        : dimensions(model.dimensions), model_(model), metadata_(metadata) {}

    const Dimensions& dimensions;

    void set_count(const std::string& key, int64_t value) {
        gguf_set_val_u32(metadata_, full(key).c_str(), static_cast<uint32_t>(value));
    }

    void set_number(const std::string& key, float value) { gguf_set_val_f32(metadata_, full(key).c_str(), value); }

    void set_text(const std::string& key, const char* value) { gguf_set_val_str(metadata_, full(key).c_str(), value); }

    void set_counts(const std::string& key, const std::array<int32_t, 4>& values) {
        gguf_set_arr_data(metadata_, full(key).c_str(), GGUF_TYPE_INT32, values.data(), values.size());
    }

    /// Embedding, head and last norm; then tensors of a layer are added.
    void add_ends() {
        // A mixed model stores its embedding and head as mixllm-convert does by default.
        const auto vocabulary = static_cast<int64_t>(model_.tokens.size());
        const ggml_type quantized =
            dimensions.hidden % ggml_blck_size(GGML_TYPE_Q6_K) == 0 ? GGML_TYPE_Q6_K : GGML_TYPE_Q8_0;
        const ggml_type head = model_.mixed ? quantized : GGML_TYPE_F16;
        tensors_.push_back({"token_embd.weight", head, {dimensions.hidden, vocabulary}, Filling::Weights});
        add_norm("output_norm", dimensions.hidden);
        if (!model_.tied) {
            tensors_.push_back({"output.weight", head, {dimensions.hidden, vocabulary}, Filling::Weights});
        }
    }

    void begin_layer(int64_t layer) { block_ = "blk." + std::to_string(layer) + "."; }

    void add_norm(const std::string& name, int64_t width) { add_constant(name + ".weight", {width}, 1.0f); }

    void add_constant(const std::string& name, std::vector<int64_t> shape, float value) {
        tensors_.push_back({block_ + name, GGML_TYPE_F32, std::move(shape), Filling::Constant, 0, value});
    }

    /// Weights that keep 32 bits in every file: routers, convolutions.
    void add_float(const std::string& name, std::vector<int64_t> shape) {
        tensors_.push_back({block_ + name + ".weight", GGML_TYPE_F32, std::move(shape), Filling::Weights});
    }

    /// Weights that are no MixLLM ones in a mixed model either.
    void add_half(const std::string& name, std::vector<int64_t> shape) {
        tensors_.push_back({block_ + name + ".weight", GGML_TYPE_F16, std::move(shape), Filling::Weights});
    }

    void add_linear(const std::string& name, int64_t inputs, int64_t outputs) {
        if (model_.mixed) {
            add_mixed(name, inputs, outputs, 1);
        } else {
            add_half(name, {inputs, outputs});
        }
    }

    /// The same linear of every expert, stacked.
    void add_experts(const std::string& name, int64_t inputs, int64_t outputs) {
        if (model_.mixed) {
            add_mixed(name, inputs, outputs, dimensions.experts);
        } else {
            add_half(name, {inputs, outputs, dimensions.experts});
        }
    }

    void add_bias(const std::string& name, std::vector<int64_t> shape) {
        add_constant(name + ".bias", std::move(shape), 0.0f);
    }

    std::vector<PlannedTensor> take() { return std::move(tensors_); }

private:
    void add_mixed(const std::string& name, int64_t inputs, int64_t outputs, int64_t experts) {
        const std::vector<PlannedTensor> parts =
            plan_mixed_weight(block_ + name + ".weight", inputs, outputs, model_.percent8bit, experts);
        tensors_.insert(tensors_.end(), parts.begin(), parts.end());
    }

    /// Keys of the architecture begin with its name.
    std::string full(const std::string& key) const { return model_.architecture + "." + key; }

    const SyntheticModel& model_;
    gguf_context* metadata_;
    std::vector<PlannedTensor> tensors_;
    std::string block_;
};

/// What every decoder says of itself.
void set_decoder(Plan& plan, const SyntheticModel& model) {
    const Dimensions& d = plan.dimensions;
    plan.set_count("block_count", d.layers);
    plan.set_count("context_length", model.context_length);
    plan.set_count("embedding_length", d.hidden);
    plan.set_count("feed_forward_length", d.feed_forward);
    plan.set_count("attention.head_count", d.heads);
    plan.set_count("attention.head_count_kv", d.kv_heads);
    plan.set_number("attention.layer_norm_rms_epsilon", 1e-5f);
    plan.set_count("rope.dimension_count", d.rotary_size);
    plan.set_number("rope.freq_base", model.rope_frequency_base);
    plan.set_count("vocab_size", static_cast<int64_t>(model.tokens.size()));
    if (d.head_size * d.heads != d.hidden || d.rotary_size != d.head_size) {
        plan.set_count("attention.key_length", d.head_size);
        plan.set_count("attention.value_length", d.head_size);
    }
    if (d.experts > 0) {
        plan.set_count("expert_count", d.experts);
        plan.set_count("expert_used_count", d.used_experts);
        plan.set_count("expert_feed_forward_length", d.expert_feed_forward);
    }
}

void add_attention(Plan& plan, int64_t query_width) {
    const Dimensions& d = plan.dimensions;
    plan.add_norm("attn_norm", d.hidden);
    plan.add_linear("attn_q", d.hidden, query_width);
    plan.add_linear("attn_k", d.hidden, d.kv_heads * d.head_size);
    plan.add_linear("attn_v", d.hidden, d.kv_heads * d.head_size);
    plan.add_linear("attn_output", d.heads * d.head_size, d.hidden);
}

void add_query_key_norms(Plan& plan) {
    plan.add_norm("attn_q_norm", plan.dimensions.head_size);
    plan.add_norm("attn_k_norm", plan.dimensions.head_size);
}

void add_feed_forward(Plan& plan) {
    const Dimensions& d = plan.dimensions;
    plan.add_linear("ffn_gate", d.hidden, d.feed_forward);
    plan.add_linear("ffn_up", d.hidden, d.feed_forward);
    plan.add_linear("ffn_down", d.feed_forward, d.hidden);
}

void add_expert_feed_forward(Plan& plan) {
    const Dimensions& d = plan.dimensions;
    plan.add_float("ffn_gate_inp", {d.hidden, d.experts});
    plan.add_experts("ffn_gate_exps", d.hidden, d.expert_feed_forward);
    plan.add_experts("ffn_up_exps", d.hidden, d.expert_feed_forward);
    plan.add_experts("ffn_down_exps", d.expert_feed_forward, d.hidden);
}

void add_llama_layer(Plan& plan, int64_t) {
    const Dimensions& d = plan.dimensions;
    add_attention(plan, d.heads * d.head_size);
    plan.add_norm("ffn_norm", d.hidden);
    add_feed_forward(plan);
}

void add_qwen3moe_layer(Plan& plan, int64_t) {
    const Dimensions& d = plan.dimensions;
    add_attention(plan, d.heads * d.head_size);
    add_query_key_norms(plan);
    plan.add_norm("ffn_norm", d.hidden);
    add_expert_feed_forward(plan);
}

void add_gpt_oss_layer(Plan& plan, int64_t) {
    const Dimensions& d = plan.dimensions;
    add_attention(plan, d.heads * d.head_size);
    plan.add_bias("attn_q", {d.heads * d.head_size});
    plan.add_bias("attn_k", {d.kv_heads * d.head_size});
    plan.add_bias("attn_v", {d.kv_heads * d.head_size});
    plan.add_bias("attn_output", {d.hidden});
    plan.add_constant("attn_sinks.weight", {d.heads}, 0.0f);
    plan.add_norm("post_attention_norm", d.hidden);
    add_expert_feed_forward(plan);
    plan.add_bias("ffn_gate_inp", {d.experts});
    plan.add_bias("ffn_gate_exps", {d.expert_feed_forward, d.experts});
    plan.add_bias("ffn_up_exps", {d.expert_feed_forward, d.experts});
    plan.add_bias("ffn_down_exps", {d.hidden, d.experts});
}

/// Gated delta net layers, and every so often full attention with an output gate (llama.cpp's src/models/qwen35.cpp).
void add_qwen35_layer(Plan& plan, int64_t layer) {
    const Dimensions& d = plan.dimensions;
    if ((layer + 1) % d.full_attention_interval == 0) {
        add_attention(plan, 2 * d.heads * d.head_size);
        add_query_key_norms(plan);
    } else {
        const int64_t values = d.recurrent_value_heads * d.recurrent_head_size;
        const int64_t mixed = 2 * d.recurrent_key_heads * d.recurrent_head_size + values;
        plan.add_norm("attn_norm", d.hidden);
        plan.add_linear("attn_qkv", d.hidden, mixed);
        plan.add_linear("attn_gate", d.hidden, values);
        plan.add_float("ssm_conv1d", {d.convolution_kernel, mixed});
        plan.add_bias("ssm_dt", {d.recurrent_value_heads});
        plan.add_constant("ssm_a", {d.recurrent_value_heads}, -1.0f);
        plan.add_half("ssm_alpha", {d.hidden, d.recurrent_value_heads});
        plan.add_half("ssm_beta", {d.hidden, d.recurrent_value_heads});
        plan.add_norm("ssm_norm", d.recurrent_head_size);
        plan.add_linear("ssm_out", values, d.hidden);
    }
    plan.add_norm("post_attention_norm", d.hidden);
    add_feed_forward(plan);
}

void set_gpt_oss(Plan& plan) {
    plan.set_count("attention.sliding_window", plan.dimensions.sliding_window);
    plan.set_text("rope.scaling.type", "yarn");
    plan.set_number("rope.scaling.factor", 32.0f);
    plan.set_count("rope.scaling.original_context_length", 4096);
}

void set_qwen35(Plan& plan) {
    const Dimensions& d = plan.dimensions;
    plan.set_count("full_attention_interval", d.full_attention_interval);
    plan.set_count("ssm.conv_kernel", d.convolution_kernel);
    plan.set_count("ssm.state_size", d.recurrent_head_size);
    plan.set_count("ssm.group_count", d.recurrent_key_heads);
    plan.set_count("ssm.time_step_rank", d.recurrent_value_heads);
    plan.set_count("ssm.inner_size", d.recurrent_value_heads * d.recurrent_head_size);
    plan.set_counts("rope.dimension_sections", {11, 11, 10, 0});
}

struct Architecture {
    const char* name;
    void (*set_more)(Plan&);
    void (*add_layer)(Plan&, int64_t);
};

constexpr Architecture architectures[] = {
    {"llama", nullptr, add_llama_layer},
    {"qwen35", set_qwen35, add_qwen35_layer},
    {"qwen3moe", nullptr, add_qwen3moe_layer},
    {"gpt-oss", set_gpt_oss, add_gpt_oss_layer},
};

} // namespace

std::vector<PlannedTensor> plan_mixed_weight(const std::string& name, int64_t inputs, int64_t outputs,
                                             double percent8bit, int64_t experts) {
    const int64_t tiles = outputs / MIXLLM_ROW_TILE;
    const int64_t rows8 = MIXLLM_ROW_TILE * std::llround(static_cast<double>(tiles) * percent8bit / 100);
    const mixllm_shape shape = {inputs, (outputs - rows8) * experts, rows8 * experts, experts};
    std::vector<PlannedTensor> tensors;
    for (int i = 0; i < MIXLLM_COMPONENTS; i++) {
        const mixllm_component component = mixllm_stored_component(MIXLLM_FORMAT_VERSION, i);
        if (mixllm_has_component(shape, component)) {
            const mixllm_tensor tensor = mixllm_component_tensor(shape, component);
            PlannedTensor planned{name + mixllm_suffix(component),
                                  static_cast<ggml_type>(tensor.type),
                                  {tensor.ne[0], tensor.ne[1]},
                                  fillings[i]};
            if (tensor.ne[1] == 1) {
                planned.shape.pop_back();
            }
            if (component == MIXLLM_MASK) {
                planned.channels8 = rows8;
            }
            tensors.push_back(planned);
        }
    }
    return tensors;
}

std::vector<PlannedTensor> plan_model(const SyntheticModel& model, gguf_context* metadata) {
    for (const Architecture& architecture : architectures) {
        if (model.architecture != architecture.name) {
            continue;
        }
        Plan plan(model, metadata);
        set_decoder(plan, model);
        if (architecture.set_more != nullptr) {
            architecture.set_more(plan);
        }
        plan.add_ends();
        for (int64_t layer = 0; layer < model.dimensions.layers; layer++) {
            plan.begin_layer(layer);
            architecture.add_layer(plan, layer);
        }
        return plan.take();
    }
    throw InputError("no synthetic model of the architecture " + model.architecture + " is described");
}

} // namespace mixllm
