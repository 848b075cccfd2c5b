#include <cmath>

#include "engine/graph.h"
#include "layers/layer_graph.h"

namespace mixllm {

LayerGraph::LayerGraph(Graph& graph, const LayerShape& shape, const LayerWeights& weights, const Batch& batch)
    : context_(graph.context()), shape_(shape), weights_(weights), batch_(batch),
      positions_(graph.input(batch.positions.data(), batch.length)),
      mask_(graph.input(batch.mask.data(), batch.length, batch.length)),
      attention_scale_(1.0f / std::sqrt(static_cast<float>(shape.head_dim))) {}

ggml_tensor* LayerGraph::Forward::linear_input(Linear which) const {
    switch (which) {
    case Linear::o:
        return attention.output;
    case Linear::gate:
    case Linear::up:
        return mlp_input;
    case Linear::down:
        return mlp.output;
    default:
        return attention_input;
    }
}

ggml_tensor* LayerGraph::norm(ggml_tensor* x, ggml_tensor* weight) const {
    ggml_tensor* normed = ggml_rms_norm(context_, x, shape_.norm_epsilon);
    return weight != nullptr ? ggml_mul(context_, normed, weight) : normed;
}

ggml_tensor* LayerGraph::linear(Linear which, ggml_tensor* x) const {
    const auto index = static_cast<size_t>(which);
    ggml_tensor* y = multiply(context_, weights_.linear[index], x);
    return weights_.bias[index] != nullptr ? ggml_add(context_, y, weights_.bias[index]) : y;
}

ggml_tensor* LayerGraph::rope(ggml_tensor* x) const {
    const Rope& rope = shape_.rope;
    return ggml_rope_ext(context_, x, positions_, weights_.rope_factors, static_cast<int>(shape_.head_dim),
                         rope.neox ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL, rope.original_context, rope.base,
                         rope.frequency_scale, rope.extrapolation, rope.attention_factor, rope.beta_fast,
                         rope.beta_slow);
}

LayerGraph::Attention LayerGraph::attention(ggml_tensor* input) const {
    const int64_t length = batch_.length;
    const int64_t sequences = batch_.sequences;
    const auto heads_of = [&](Linear which, int64_t heads) {
        return ggml_reshape_4d(context_, linear(which, input), shape_.head_dim, heads, length, sequences);
    };
    Attention a;
    a.q_linear = heads_of(Linear::q, shape_.heads);
    a.k_linear = heads_of(Linear::k, shape_.kv_heads);
    a.v = heads_of(Linear::v, shape_.kv_heads);
    ggml_tensor* q = weights_.q_norm != nullptr ? norm(a.q_linear, weights_.q_norm) : a.q_linear;
    ggml_tensor* k = weights_.k_norm != nullptr ? norm(a.k_linear, weights_.k_norm) : a.k_linear;
    a.q = ggml_cont(context_, ggml_permute(context_, rope(q), 0, 2, 1, 3));
    a.k = ggml_cont(context_, ggml_permute(context_, rope(k), 0, 2, 1, 3));

    ggml_tensor* scores = multiply(context_, a.k, a.q);
    a.probabilities = ggml_soft_max_ext(context_, scores, mask_, attention_scale_, 0.0f);

    ggml_tensor* v_by_feature = ggml_cont(context_, ggml_permute(context_, a.v, 1, 2, 0, 3)); // [T, D, KV, B]
    ggml_tensor* mixed = multiply(context_, v_by_feature, a.probabilities);                   // [D, T, H, B]
    ggml_tensor* by_token = ggml_cont(context_, ggml_permute(context_, mixed, 0, 2, 1, 3));
    a.output = ggml_reshape_2d(context_, by_token, shape_.head_dim * shape_.heads, length * sequences);
    return a;
}

LayerGraph::Mlp LayerGraph::mlp(ggml_tensor* input) const {
    Mlp m;
    m.gate = linear(Linear::gate, input);
    m.up = linear(Linear::up, input);
    m.activated = ggml_silu(context_, m.gate);
    m.output = ggml_mul(context_, m.activated, m.up);
    return m;
}

LayerGraph::Forward LayerGraph::forward(ggml_tensor* input) const {
    Forward f;
    f.input = input;
    f.attention_input = norm(input, weights_.attention_norm);
    f.attention = attention(f.attention_input);
    f.middle = ggml_add(context_, input, linear(Linear::o, f.attention.output));
    f.mlp_input = norm(f.middle, weights_.mlp_norm);
    f.mlp = mlp(f.mlp_input);
    f.output = ggml_add(context_, f.middle, linear(Linear::down, f.mlp.output));
    return f;
}

} // namespace mixllm
