#include <cmath>

#include "activation_function.h"
#include "backward.h"
#include "op_params.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

using Params = std::array<float, 4>;

float elu_slope(float x, const Params&) {
    return x > 0.0f ? 1.0f : std::exp(x);
}
float gelu_slope(float x, const Params&) {
    return gelu(x).slope;
}
float gelu_quick_slope(float x, const Params&) {
    return gelu_quick(x).slope;
}
float gelu_erf_slope(float x, const Params&) {
    return gelu_erf(x).slope;
}
float hardsigmoid_slope(float x, const Params&) {
    return x > -3.0f && x < 3.0f ? 1.0f / 6.0f : 0.0f;
}
float leaky_relu_slope(float x, const Params& params) {
    return x > 0.0f ? 1.0f : params[0];
}

float hardswish_slope(float x, const Params&) {
    if (x <= -3.0f) {
        return 0.0f;
    }
    return x >= 3.0f ? 1.0f : (2.0f * x + 3.0f) / 6.0f;
}

/// Params: alpha of the negative side, alpha of the positive side, beta, eps.
float xielu_slope(float x, const Params& params) {
    if (x > 0.0f) {
        return 2.0f * params[1] * x + params[2];
    }
    const float slope_of_exponential = x < params[3] ? std::exp(x) : 0.0f;
    return (slope_of_exponential - 1.0f) * params[0] + params[2];
}

template <float (*slope)(float, const Params&)>
void run_slope(ggml_tensor* dst, int thread, int threads, void* data) {
    const Params& params = *static_cast<const Params*>(data);
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        const float* gradient = row(dst->src[0], at);
        const float* x = row(dst->src[1], at);
        float* out = row(dst, at);
        for (int64_t i = 0; i < dst->ne[0]; i++) {
            out[i] = gradient[i] * slope(x[i], params);
        }
    });
}

template <float (*slope)(float, const Params&)>
void add_times_slope(Backward& b, const Params& params = {}) {
    ggml_tensor* x = b.node->src[0];
    b.add(0, b.custom(shape_of(x), {b.gradient, b.value(x)}, run_slope<slope>, std::make_shared<Params>(params)));
}

} // namespace

void unary_back(Backward& b) {
    ggml_context* context = b.context;
    ggml_tensor* x = b.node->src[0];
    switch (ggml_get_unary_op(b.node)) {
    case GGML_UNARY_OP_ABS:
        return b.add(0, ggml_mul(context, b.gradient, ggml_sgn(context, b.contiguous_value(x))));
    case GGML_UNARY_OP_NEG:
        return b.add(0, ggml_neg(context, b.gradient));
    case GGML_UNARY_OP_RELU:
        return b.add(0, ggml_mul(context, b.gradient, ggml_step(context, b.contiguous_value(x))));
    case GGML_UNARY_OP_TANH: {
        ggml_tensor* square = ggml_sqr(context, b.contiguous_value(b.node));
        return b.add(0, ggml_sub(context, b.gradient, ggml_mul(context, square, b.gradient)));
    }
    case GGML_UNARY_OP_SIGMOID: {
        ggml_tensor* y = b.value(b.node);
        ggml_tensor* product = ggml_mul(context, b.gradient, y);
        return b.add(0, ggml_sub(context, product, ggml_mul(context, product, y)));
    }
    case GGML_UNARY_OP_SILU:
        return b.add(0, ggml_silu_back(context, b.gradient, b.contiguous_value(x)));
    case GGML_UNARY_OP_EXP:
        return b.add(0, ggml_mul(context, b.gradient, b.value(b.node)));
    case GGML_UNARY_OP_EXPM1:
        return b.add(0, ggml_mul(context, b.gradient, ggml_exp(context, b.contiguous_value(x))));
    case GGML_UNARY_OP_SOFTPLUS:
        return b.add(0, ggml_mul(context, b.gradient, ggml_sigmoid(context, b.contiguous_value(x))));
    case GGML_UNARY_OP_ELU:
        return add_times_slope<elu_slope>(b);
    case GGML_UNARY_OP_GELU:
        return add_times_slope<gelu_slope>(b);
    case GGML_UNARY_OP_GELU_QUICK:
        return add_times_slope<gelu_quick_slope>(b);
    case GGML_UNARY_OP_GELU_ERF:
        return add_times_slope<gelu_erf_slope>(b);
    case GGML_UNARY_OP_HARDSWISH:
        return add_times_slope<hardswish_slope>(b);
    case GGML_UNARY_OP_HARDSIGMOID:
        return add_times_slope<hardsigmoid_slope>(b);
    case GGML_UNARY_OP_XIELU:
        return add_times_slope<xielu_slope>(
            b, {float_param(b.node, 1), float_param(b.node, 2), float_param(b.node, 3), float_param(b.node, 4)});
    default:
        b.miss("no rule for this function");
    }
}

void leaky_relu_back(Backward& b) {
    add_times_slope<leaky_relu_slope>(b, {float_param(b.node, 0)});
}

} // namespace mixllm
