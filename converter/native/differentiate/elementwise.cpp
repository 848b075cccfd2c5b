#include "backward.h"
#include "op_params.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

void add_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.gradient);
    }
    if (b.needs(1)) {
        b.add(1, b.sum_repeats(b.gradient, b.node->src[1]));
    }
}

void sub_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.gradient);
    }
    if (b.needs(1)) {
        b.add(1, ggml_neg(b.context, b.sum_repeats(b.gradient, b.node->src[1])));
    }
}

void mul_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    ggml_tensor* y = b.node->src[1];
    if (b.needs(0)) {
        b.add(0, ggml_mul(b.context, b.gradient, b.value(y)));
    }
    if (b.needs(1)) {
        b.add(1, b.sum_repeats(ggml_mul(b.context, b.gradient, b.value(x)), y));
    }
}

void div_back(Backward& b) {
    ggml_tensor* y = b.node->src[1];
    ggml_tensor* quotient = ggml_div(b.context, b.gradient, b.value(y));
    if (b.needs(0)) {
        b.add(0, quotient);
    }
    if (b.needs(1)) {
        ggml_tensor* product = ggml_mul(b.context, quotient, b.value(b.node));
        b.add(1, ggml_neg(b.context, b.sum_repeats(product, y)));
    }
}

void scale_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, ggml_scale(b.context, b.gradient, float_param(b.node, 0)));
    }
}

void sqr_back(Backward& b) {
    ggml_tensor* product = ggml_mul(b.context, b.gradient, b.value(b.node->src[0]));
    b.add(0, ggml_scale(b.context, product, 2.0f));
}

void sqrt_back(Backward& b) {
    ggml_tensor* quotient = ggml_div(b.context, b.gradient, b.value(b.node));
    b.add(0, ggml_scale(b.context, quotient, 0.5f));
}

void log_back(Backward& b) {
    b.add(0, ggml_div(b.context, b.gradient, b.value(b.node->src[0])));
}

void sin_back(Backward& b) {
    b.add(0, ggml_mul(b.context, b.gradient, ggml_cos(b.context, b.contiguous_value(b.node->src[0]))));
}

void cos_back(Backward& b) {
    ggml_tensor* product = ggml_mul(b.context, b.gradient, ggml_sin(b.context, b.contiguous_value(b.node->src[0])));
    b.add(0, ggml_neg(b.context, product));
}

namespace {

struct Bounds {
    float low;
    float high;
};

void run_clamp_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const Bounds& bounds = *static_cast<const Bounds*>(data);
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        const float* gradient = row(dst->src[0], at);
        const float* x = row(dst->src[1], at);
        float* out = row(dst, at);
        for (int64_t i = 0; i < dst->ne[0]; i++) {
            out[i] = x[i] < bounds.low || x[i] > bounds.high ? 0.0f : gradient[i];
        }
    });
}

} // namespace

void clamp_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    b.add(0, b.custom(shape_of(x), {b.gradient, b.value(x)}, run_clamp_back,
                      std::make_shared<Bounds>(Bounds{float_param(b.node, 0), float_param(b.node, 1)})));
}

} // namespace mixllm
