#include "engine/graph.h"
#include "layers/layer_graph.h"

namespace mixllm {

ggml_tensor* LayerGraph::linear_back(Linear which, ggml_tensor* gradient) const {
    return multiply(context_, weights_.transposed[static_cast<size_t>(which)], gradient);
}

ggml_tensor* LayerGraph::norm_back(ggml_tensor* gradient, ggml_tensor* weight, ggml_tensor* x) const {
    return ggml_rms_norm_back(context_, ggml_mul(context_, gradient, weight), x, shape_.norm_epsilon);
}

ggml_tensor* LayerGraph::rope_back(ggml_tensor* gradient) const {
    const Rope& rope = shape_.rope;
    return ggml_rope_ext_back(context_, gradient, positions_, weights_.rope_factors, static_cast<int>(shape_.head_dim),
                              rope.neox ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL, rope.original_context, rope.base,
                              rope.frequency_scale, rope.extrapolation, rope.attention_factor, rope.beta_fast,
                              rope.beta_slow);
}

/**
 * Contracts over the queries of every head that shares a key head.
 *
 * @param per_query `[D, T queries, H, B]`
 * @param per_pair `[T keys, T queries, H, B]`
 * @return `[D, T keys, KV, B]`
 */
ggml_tensor* LayerGraph::sum_over_queries(ggml_tensor* per_query, ggml_tensor* per_pair) const {
    // Heads of a group are neighbours, so their queries form one longer axis of each key head.
    const int64_t queries = batch_.length * (shape_.heads / shape_.kv_heads);
    const auto queries_first = [&](ggml_tensor* x) {
        ggml_tensor* grouped = ggml_reshape_4d(context_, x, x->ne[0], queries, shape_.kv_heads, batch_.sequences);
        return ggml_cont(context_, ggml_transpose(context_, grouped));
    };
    return multiply(context_, queries_first(per_query), queries_first(per_pair));
}

LayerGraph::Gradient LayerGraph::backward(const Forward& forward, ggml_tensor* output_gradient) const {
    Gradient gradient;
    const auto at = [&](Linear which) -> ggml_tensor*& { return gradient.linear[static_cast<size_t>(which)]; };
    const int64_t tokens = batch_.tokens();

    at(Linear::down) = output_gradient;
    ggml_tensor* mlp_output = linear_back(Linear::down, output_gradient);
    at(Linear::up) = ggml_mul(context_, mlp_output, forward.mlp.activated);
    at(Linear::gate) = ggml_silu_back(context_, ggml_mul(context_, mlp_output, forward.mlp.up), forward.mlp.gate);
    ggml_tensor* mlp_input =
        ggml_add(context_, linear_back(Linear::gate, at(Linear::gate)), linear_back(Linear::up, at(Linear::up)));
    ggml_tensor* middle = ggml_add(context_, output_gradient, norm_back(mlp_input, weights_.mlp_norm, forward.middle));

    at(Linear::o) = middle;
    const Attention& a = forward.attention;
    ggml_tensor* by_token = ggml_reshape_4d(context_, linear_back(Linear::o, middle), shape_.head_dim, shape_.heads,
                                            batch_.length, batch_.sequences);
    ggml_tensor* mixed = ggml_cont(context_, ggml_permute(context_, by_token, 0, 2, 1, 3)); // [D, T, H, B]

    ggml_tensor* v_by_head = ggml_cont(context_, ggml_permute(context_, a.v, 0, 2, 1, 3)); // [D, T, KV, B]
    ggml_tensor* probabilities = multiply(context_, v_by_head, mixed);
    ggml_tensor* scores =
        ggml_soft_max_ext_back(context_, probabilities, a.probabilities, attention_scale_, 0.0f); // [Tk, Tq, H, B]

    ggml_tensor* k_by_feature = ggml_cont(context_, ggml_transpose(context_, a.k)); // [T, D, KV, B]
    ggml_tensor* q = multiply(context_, k_by_feature, scores);                      // [D, T, H, B]
    ggml_tensor* k = sum_over_queries(a.q, scores);                                 // [D, T, KV, B]
    ggml_tensor* v = sum_over_queries(mixed, a.probabilities);                      // [D, T, KV, B]

    const auto to_tokens = [&](ggml_tensor* x) { // [D, T, heads, B] -> [D, heads, T, B]
        return ggml_cont(context_, ggml_permute(context_, x, 0, 2, 1, 3));
    };
    const auto to_linear = [&](ggml_tensor* x, ggml_tensor* norm_weight, ggml_tensor* before_norm) {
        ggml_tensor* result = rope_back(to_tokens(x));
        return norm_weight != nullptr ? norm_back(result, norm_weight, before_norm) : result;
    };
    const auto flatten = [&](ggml_tensor* x) { return ggml_reshape_2d(context_, x, x->ne[0] * x->ne[1], tokens); };
    at(Linear::q) = flatten(to_linear(q, weights_.q_norm, a.q_linear));
    at(Linear::k) = flatten(to_linear(k, weights_.k_norm, a.k_linear));
    at(Linear::v) = flatten(to_tokens(v));

    ggml_tensor* attention_input = ggml_add(
        context_, ggml_add(context_, linear_back(Linear::q, at(Linear::q)), linear_back(Linear::k, at(Linear::k))),
        linear_back(Linear::v, at(Linear::v)));
    gradient.input = ggml_add(context_, middle, norm_back(attention_input, weights_.attention_norm, forward.input));
    return gradient;
}

} // namespace mixllm
