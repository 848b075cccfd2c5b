#include "bindings/read_layer.h"

#include <string>

#include "bindings/read_weight.h"

namespace mixllm {

const char* const linear_tensor_names[linear_count] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                       "ffn_gate", "ffn_up", "ffn_down"};

namespace {

LayerShape read_layer_shape(const Argument& object) {
    LayerShape shape{};
    shape.hidden = object["hidden"].integer(1);
    shape.heads = object["heads"].integer(1);
    shape.kv_heads = object["kvHeads"].integer(1);
    shape.head_dim = object["headLength"].integer(1);
    shape.ffn = object["feedForward"].integer(1);
    if (shape.heads % shape.kv_heads != 0 || shape.head_dim % 2 != 0) {
        object.fail("sizes that agree with each other");
    }
    shape.norm_epsilon = static_cast<float>(object["normEpsilon"].number());
    const Argument rope = object["rope"];
    shape.rope.base = static_cast<float>(rope["base"].number());
    shape.rope.frequency_scale = static_cast<float>(rope["frequencyScale"].number());
    shape.rope.extrapolation = static_cast<float>(rope["extrapolation"].number());
    shape.rope.attention_factor = static_cast<float>(rope["attentionFactor"].number());
    shape.rope.beta_fast = static_cast<float>(rope["betaFast"].number());
    shape.rope.beta_slow = static_cast<float>(rope["betaSlow"].number());
    shape.rope.original_context = rope["originalContext"].integer<int32_t>();
    shape.rope.neox = rope["neox"].flag();
    return shape;
}

} // namespace

Calibration read_calibration(const Argument& object) {
    Calibration calibration{};
    calibration.samples = object["samples"].integer(1);
    calibration.length = object["length"].integer<int32_t>(2);
    calibration.batch_samples = object["batchSamples"].integer(1);
    if (calibration.batch_samples % calibration.samples_per_sum() != 0) {
        object["batchSamples"].fail("a multiple of " + std::to_string(calibration.samples_per_sum()));
    }
    const auto count = static_cast<size_t>(calibration.total_tokens());
    const int32_t* tokens = object["tokens"].numbers<int32_t>(count);
    calibration.tokens.assign(tokens, tokens + count);
    return calibration;
}

LayerCall read_layer_call(const Argument& object) {
    LayerCall call{};
    call.shape = read_layer_shape(object["shape"]);
    call.calibration = read_calibration(object["calibration"]);
    call.threads = object["threads"].integer<int>(1);
    const Argument weights = object["weights"];
    const auto read = [&](const std::string& name) {
        const Argument weight = weights[name];
        return weight.is_given() ? read_source(weight) : SourceRows{};
    };
    for (size_t i = 0; i < linear_count; i++) {
        call.sources.linear[i] = read(std::string(linear_tensor_names[i]) + ".weight");
        call.sources.bias[i] = read(std::string(linear_tensor_names[i]) + ".bias");
    }
    call.sources.attention_norm = read("attn_norm.weight");
    call.sources.mlp_norm = read("ffn_norm.weight");
    call.sources.q_norm = read("attn_q_norm.weight");
    call.sources.k_norm = read("attn_k_norm.weight");
    call.sources.rope_factors = read("rope_freqs.weight");
    return call;
}

} // namespace mixllm
