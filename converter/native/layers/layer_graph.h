#pragma once

#include <ggml.h>

#include "engine/graph.h"
#include "layers/batch.h"
#include "layers/layer_shape.h"
#include "layers/layer_weights.h"

namespace mixllm {

/// Builds the parts of one decoder layer as graph nodes. Activations are `[features, tokens]`, sequences in turn.
class LayerGraph {
public:
    LayerGraph(Graph& graph, const LayerShape& shape, const LayerWeights& weights, const Batch& batch);

    /// What the backward pass needs of an attention's forward pass. T tokens, H heads, B sequences, D head size.
    struct Attention {
        ggml_tensor* q_linear;      ///< q before its norm, `[D, H, T, B]`
        ggml_tensor* k_linear;      ///< k before its norm, `[D, KV, T, B]`
        ggml_tensor* q;             ///< after norm and rope, `[D, T, H, B]`
        ggml_tensor* k;             ///< after norm and rope, `[D, T, KV, B]`
        ggml_tensor* v;             ///< `[D, KV, T, B]`
        ggml_tensor* probabilities; ///< `[T keys, T queries, H, B]`
        ggml_tensor* output;        ///< the input of the o linear, `[H * D, tokens]`
    };

    struct Mlp {
        ggml_tensor* gate;
        ggml_tensor* up;
        ggml_tensor* activated; ///< silu(gate)
        ggml_tensor* output;    ///< the input of the down linear
    };

    /// The layer's gradient: at its input, and at every linear's output.
    struct Gradient {
        ggml_tensor* input;
        ggml_tensor* linear[linear_count];
    };

    /// A forward pass whose every linear's input is known.
    struct Forward {
        ggml_tensor* input;
        ggml_tensor* attention_input; ///< the input of the q, k and v linears
        Attention attention;
        ggml_tensor* middle;    ///< the residual stream between attention and MLP
        ggml_tensor* mlp_input; ///< the input of the gate and up linears
        Mlp mlp;
        ggml_tensor* output;

        ggml_tensor* linear_input(Linear which) const;
    };

    ggml_tensor* norm(ggml_tensor* x, ggml_tensor* weight) const;
    ggml_tensor* linear(Linear which, ggml_tensor* x) const;
    Attention attention(ggml_tensor* input) const;
    Mlp mlp(ggml_tensor* input) const;
    Forward forward(ggml_tensor* input) const;

    /// @param output_gradient the loss gradient at the layer's output, `[hidden, tokens]`
    Gradient backward(const Forward& forward, ggml_tensor* output_gradient) const;

private:
    ggml_tensor* linear_back(Linear which, ggml_tensor* gradient) const;
    ggml_tensor* norm_back(ggml_tensor* gradient, ggml_tensor* weight, ggml_tensor* x) const;
    ggml_tensor* rope(ggml_tensor* x) const;
    ggml_tensor* rope_back(ggml_tensor* gradient) const;
    ggml_tensor* sum_over_queries(ggml_tensor* per_query, ggml_tensor* per_pair) const;

    ggml_context* context_;
    const LayerShape& shape_;
    const LayerWeights& weights_;
    const Batch& batch_;
    ggml_tensor* positions_;
    ggml_tensor* mask_;
    float attention_scale_;
};

} // namespace mixllm
