#include <algorithm>

#include "activation_function.h"
#include "backward.h"
#include "op_params.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

struct Params {
    bool split;   // gate and up are tensors of their own, not halves of each row
    bool swapped; // up is the first half
    float alpha, limit;
};

/// A gated unit's derivative by each of its inputs.
struct Slopes {
    float gate;
    float up;
};

template <Activation (*activation)(float)>
Slopes gated(float gate, float up, const Params&) {
    const Activation a = activation(gate);
    return {a.slope * up, a.value};
}

Activation plain_silu(float x) {
    return silu(x, 1.0f);
}

/// gate above the limit and up beyond it on either side are cut off; up is raised by `offset`.
Slopes clamped(float gate, float up, float steepness, float limit, float offset) {
    const Activation a = silu(std::min(gate, limit), steepness);
    const float u = std::clamp(up, -limit, limit) + offset;
    return {gate > limit ? 0.0f : a.slope * u, up < -limit || up > limit ? 0.0f : a.value};
}

Slopes swiglu_oai(float gate, float up, const Params& params) {
    return clamped(gate, up, params.alpha, params.limit, 1.0f);
}

Slopes swiglu_clamp(float gate, float up, const Params& params) {
    return clamped(gate, up, 1.0f, params.limit, 0.0f);
}

/**
 * Sources: gradient, then gate and up or the one tensor of both. The result holds what `glu_back` hands on: the
 * gradient of the one tensor, or that of gate followed by that of up.
 */
template <Slopes (*slopes)(float, float, const Params&)>
void run_glu_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const Params& params = *static_cast<const Params*>(data);
    const ggml_tensor* gradient = dst->src[0];
    const int64_t n = gradient->ne[0];
    for_each_row(gradient, thread, threads, [&](const RowIndex& at) {
        const float* g = row(gradient, at);
        const float* gate = row(dst->src[1], at);
        const float* up = params.split ? row(dst->src[2], at) : gate;
        float* gate_out = row(dst, at);
        float* up_out = params.split ? row(dst, {at.i1, at.i2, at.i3 + gradient->ne[3]}) : gate_out;
        if (!params.split) {
            const int64_t gate_offset = params.swapped ? n : 0;
            const int64_t up_offset = n - gate_offset;
            gate += gate_offset;
            gate_out += gate_offset;
            up += up_offset;
            up_out += up_offset;
        }
        for (int64_t i = 0; i < n; i++) {
            const Slopes slope = slopes(gate[i], up[i], params);
            gate_out[i] = g[i] * slope.gate;
            up_out[i] = g[i] * slope.up;
        }
    });
}

ggml_custom_op_t find_run(ggml_glu_op op) {
    switch (op) {
    case GGML_GLU_OP_REGLU:
        return run_glu_back<gated<relu>>;
    case GGML_GLU_OP_GEGLU:
        return run_glu_back<gated<gelu>>;
    case GGML_GLU_OP_SWIGLU:
        return run_glu_back<gated<plain_silu>>;
    case GGML_GLU_OP_SWIGLU_OAI:
        return run_glu_back<swiglu_oai>;
    case GGML_GLU_OP_GEGLU_ERF:
        return run_glu_back<gated<gelu_erf>>;
    case GGML_GLU_OP_GEGLU_QUICK:
        return run_glu_back<gated<gelu_quick>>;
    case GGML_GLU_OP_SWIGLU_CLAMP:
        return run_glu_back<swiglu_clamp>;
    default:
        return nullptr;
    }
}

/// The most common unit in ggml's own ops, which run on every device.
void split_swiglu_back(Backward& b) {
    ggml_tensor* gate = b.contiguous_value(b.node->src[0]);
    if (b.needs(0)) {
        ggml_tensor* activated = ggml_mul(b.context, b.gradient, b.value(b.node->src[1]));
        b.add(0, ggml_silu_back(b.context, activated, gate));
    }
    if (b.needs(1)) {
        b.add(1, ggml_mul(b.context, ggml_silu(b.context, gate), b.gradient));
    }
}

} // namespace

void glu_back(Backward& b) {
    const ggml_glu_op op = ggml_get_glu_op(b.node);
    ggml_tensor* gate = b.node->src[0];
    ggml_tensor* up = b.node->src[1];
    if (up != nullptr && op == GGML_GLU_OP_SWIGLU) {
        return split_swiglu_back(b);
    }
    auto params = std::make_shared<Params>(
        Params{up != nullptr, int_param(b.node, 1) != 0, float_param(b.node, 2), float_param(b.node, 3)});
    if (up == nullptr) {
        return b.add(0, b.custom(shape_of(gate), {b.gradient, b.value(gate)}, find_run(op), std::move(params)));
    }
    const int64_t* ne = gate->ne;
    ggml_tensor* both = b.custom({ne[0], ne[1], ne[2], 2 * ne[3]}, {b.gradient, b.value(gate), b.value(up)},
                                 find_run(op), std::move(params));
    for (int i = 0; i < 2; i++) {
        if (b.needs(i)) {
            b.add(i, ggml_view_4d(b.context, both, ne[0], ne[1], ne[2], ne[3], both->nb[1], both->nb[2], both->nb[3],
                                  i * ne[3] * both->nb[3]));
        }
    }
}

} // namespace mixllm
