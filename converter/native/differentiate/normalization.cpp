#include <cmath>

#include "backward.h"
#include "op_params.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

struct Params {
    float epsilon;
    int64_t groups;
};

/// Gradient of (x - mean) / sqrt(variance + epsilon) over `n` values.
void standardize_back(const float* gradient, const float* x, float* out, int64_t n, float epsilon) {
    const double count = static_cast<double>(n);
    double mean = 0.0, gradient_mean = 0.0;
    for (int64_t i = 0; i < n; i++) {
        mean += x[i];
        gradient_mean += gradient[i];
    }
    mean /= count;
    gradient_mean /= count;
    double variance = 0.0, along = 0.0;
    for (int64_t i = 0; i < n; i++) {
        variance += (x[i] - mean) * (x[i] - mean);
        along += gradient[i] * (x[i] - mean);
    }
    variance = variance / count + epsilon;
    along /= count * variance;
    const double scale = 1.0 / std::sqrt(variance);
    for (int64_t i = 0; i < n; i++) {
        out[i] = static_cast<float>(scale * (gradient[i] - gradient_mean - along * (x[i] - mean)));
    }
}

void run_norm_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const Params& params = *static_cast<const Params*>(data);
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        standardize_back(row(dst->src[0], at), row(dst->src[1], at), row(dst, at), dst->ne[0], params.epsilon);
    });
}

/// Groups of neighbouring channels `[ne0, ne1, channels]`; the last group may be smaller.
void run_group_norm_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const Params& params = *static_cast<const Params*>(data);
    const int64_t plane = dst->ne[0] * dst->ne[1];
    const int64_t channels = dst->ne[2];
    const int64_t width = (channels + params.groups - 1) / params.groups;
    const Range range = thread_range(params.groups * dst->ne[3], thread, threads);
    for (int64_t i = range.begin; i < range.end; i++) {
        const int64_t first = i % params.groups * width;
        const int64_t last = std::min(channels, first + width);
        if (first < last) {
            const RowIndex at{0, first, i / params.groups};
            standardize_back(row(dst->src[0], at), row(dst->src[1], at), row(dst, at), (last - first) * plane,
                             params.epsilon);
        }
    }
}

/// x / max(|x|, epsilon)
void run_l2_norm_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const float epsilon = static_cast<const Params*>(data)->epsilon;
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        const float* gradient = row(dst->src[0], at);
        const float* x = row(dst->src[1], at);
        float* out = row(dst, at);
        double square = 0.0, along = 0.0;
        for (int64_t i = 0; i < dst->ne[0]; i++) {
            square += static_cast<double>(x[i]) * x[i];
            along += static_cast<double>(x[i]) * gradient[i];
        }
        const double norm = std::sqrt(square);
        const double scale = 1.0 / std::max(norm, static_cast<double>(epsilon));
        const double pull = norm > epsilon ? along / square : 0.0;
        for (int64_t i = 0; i < dst->ne[0]; i++) {
            out[i] = static_cast<float>(scale * (gradient[i] - pull * x[i]));
        }
    });
}

} // namespace

void norm_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    b.add(0, b.custom(shape_of(x), {b.gradient, b.value(x)}, run_norm_back,
                      std::make_shared<Params>(Params{float_param(b.node, 0), 1})));
}

void rms_norm_back(Backward& b) {
    b.add(0, ggml_rms_norm_back(b.context, b.gradient, b.value(b.node->src[0]), float_param(b.node, 0)));
}

void group_norm_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    b.add(0, b.custom(shape_of(x), {b.gradient, b.contiguous_value(x)}, run_group_norm_back,
                      std::make_shared<Params>(Params{float_param(b.node, 1), int_param(b.node, 0)})));
}

void l2_norm_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    b.add(0, b.custom(shape_of(x), {b.gradient, b.value(x)}, run_l2_norm_back,
                      std::make_shared<Params>(Params{float_param(b.node, 0), 1})));
}

} // namespace mixllm
