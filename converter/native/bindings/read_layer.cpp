#include "read_layer.h"

#include <string>

#include "arguments.h"

namespace mixllm {

const char* const linear_tensor_names[linear_count] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                       "ffn_gate", "ffn_up", "ffn_down"};

namespace {

int64_t read_integer(const Napi::Object& object, const char* name) {
    return static_cast<int64_t>(read_size(object.Get(name), name));
}

float read_float(const Napi::Object& object, const char* name) {
    if (!object.Get(name).IsNumber()) {
        throw Napi::TypeError::New(object.Env(), std::string(name) + " must be a number");
    }
    return object.Get(name).As<Napi::Number>().FloatValue();
}

} // namespace

LayerShape read_layer_shape(const Napi::Object& object) {
    LayerShape shape{};
    shape.hidden = read_integer(object, "hidden");
    shape.heads = read_integer(object, "heads");
    shape.kv_heads = read_integer(object, "kvHeads");
    shape.head_dim = read_integer(object, "headLength");
    shape.ffn = read_integer(object, "feedForward");
    if (shape.hidden == 0 || shape.kv_heads == 0 || shape.head_dim == 0 || shape.ffn == 0 || shape.heads == 0 ||
        shape.heads % shape.kv_heads != 0 || shape.head_dim % 2 != 0) {
        throw Napi::TypeError::New(object.Env(), "the layer's sizes contradict each other");
    }
    shape.norm_epsilon = read_float(object, "normEpsilon");
    const Napi::Object rope = object.Get("rope").As<Napi::Object>();
    shape.rope.base = read_float(rope, "base");
    shape.rope.frequency_scale = read_float(rope, "frequencyScale");
    shape.rope.extrapolation = read_float(rope, "extrapolation");
    shape.rope.attention_factor = read_float(rope, "attentionFactor");
    shape.rope.beta_fast = read_float(rope, "betaFast");
    shape.rope.beta_slow = read_float(rope, "betaSlow");
    shape.rope.original_context = static_cast<int32_t>(read_integer(rope, "originalContext"));
    shape.rope.neox = rope.Get("neox").ToBoolean();
    return shape;
}

Calibration read_calibration(const Napi::Object& object) {
    Calibration calibration{};
    calibration.samples = read_integer(object, "samples");
    calibration.length = read_integer(object, "length");
    calibration.batch_samples = read_integer(object, "batchSamples");
    if (calibration.samples == 0 || calibration.length < 2 || calibration.batch_samples == 0) {
        throw Napi::TypeError::New(object.Env(), "calibration needs samples of at least 2 tokens");
    }
    if (calibration.batch_samples % calibration.samples_per_sum() != 0) {
        throw Napi::TypeError::New(object.Env(), "batches must be whole sums of " +
                                                     std::to_string(calibration.samples_per_sum()) + " samples");
    }
    const auto count = static_cast<size_t>(calibration.total_tokens());
    const auto* tokens =
        reinterpret_cast<const int32_t*>(read_buffer(object.Get("tokens"), count * sizeof(int32_t), "the tokens"));
    calibration.tokens.assign(tokens, tokens + count);
    return calibration;
}

WeightSource read_weight(const Napi::Object& source, std::vector<Napi::Object>& buffers) {
    const SourceRows rows = read_source(source);
    buffers.push_back(source.Get("data").As<Napi::Object>());
    return {rows.data, rows.type, static_cast<int64_t>(rows.columns), static_cast<int64_t>(rows.rows)};
}

LayerCall read_layer_call(const Napi::Object& object) {
    LayerCall call{};
    call.shape = read_layer_shape(object.Get("shape").As<Napi::Object>());
    call.calibration = read_calibration(object.Get("calibration").As<Napi::Object>());
    call.threads = static_cast<int>(read_size(object.Get("threads"), "threads"));
    const Napi::Object weights = object.Get("weights").As<Napi::Object>();
    const auto read = [&](const std::string& name) {
        const Napi::Value value = weights.Get(name);
        return value.IsObject() ? read_weight(value.As<Napi::Object>(), call.buffers) : WeightSource{};
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
