#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "backward.h"
#include "op_params.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

constexpr int64_t streams = 4;                        // ggml has the op for no other number
using Matrix = std::array<double, streams * streams>; // element [to + streams * from]

/// y = x / (epsilon + sum of x over each line of four elements); a line's elements are `step` apart.
Matrix normalize(Matrix x, int64_t step, double epsilon) {
    const int64_t line_step = step == 1 ? streams : 1;
    for (int64_t line = 0; line < streams; line++) {
        double sum = epsilon;
        for (int64_t i = 0; i < streams; i++) {
            sum += x[line * line_step + i * step];
        }
        for (int64_t i = 0; i < streams; i++) {
            x[line * line_step + i * step] /= sum;
        }
    }
    return x;
}

/// Turns the gradient of `normalize(x)` into that of x.
void normalize_back(Matrix& gradient, const Matrix& x, int64_t step, double epsilon) {
    const int64_t line_step = step == 1 ? streams : 1;
    for (int64_t line = 0; line < streams; line++) {
        double sum = epsilon, along = 0.0;
        for (int64_t i = 0; i < streams; i++) {
            sum += x[line * line_step + i * step];
            along += gradient[line * line_step + i * step] * x[line * line_step + i * step];
        }
        for (int64_t i = 0; i < streams; i++) {
            double& g = gradient[line * line_step + i * step];
            g = (g - along / sum) / sum;
        }
    }
}

struct Params {
    double epsilon;
    int64_t iterations;
};

/// Sources: gradient `[4, 4, T]`, mixes `[24, T]`, scale `[3]`, base `[24]`; the last 16 numbers are the matrix's.
void run_weights_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const Params& params = *static_cast<const Params*>(data);
    const int64_t first = 2 * streams;
    const double scale = static_cast<const float*>(dst->src[2]->data)[2];
    const float* base = static_cast<const float*>(dst->src[3]->data) + first;
    const Range range = thread_range(dst->ne[1], thread, threads);
    std::vector<Matrix> inputs;
    for (int64_t t = range.begin; t < range.end; t++) {
        const float* mixes = row(dst->src[1], {t, 0, 0}) + first;
        Matrix x;
        for (int64_t i = 0; i < streams * streams; i++) {
            x[i] = mixes[i] * scale + base[i];
        }
        for (int64_t from = 0; from < streams; from++) {
            double* column = x.data() + from * streams;
            const double largest = *std::max_element(column, column + streams);
            std::transform(column, column + streams, column, [&](double v) { return std::exp(v - largest); });
        }
        const Matrix probabilities = normalize(x, 1, 0.0);
        std::transform(probabilities.begin(), probabilities.end(), x.begin(),
                       [&](double p) { return p + params.epsilon; });

        // Lines along `from`, then by turns along `to` and along `from`.
        inputs.clear();
        for (int64_t i = 0; i < 2 * params.iterations - 1; i++) {
            inputs.push_back(x);
            x = normalize(x, i % 2 == 0 ? streams : 1, params.epsilon);
        }
        Matrix gradient;
        const float* out = row(dst->src[0], {0, t, 0});
        std::copy_n(out, streams * streams, gradient.begin());
        for (int64_t i = 2 * params.iterations - 1; i-- > 0;) {
            normalize_back(gradient, inputs[i], i % 2 == 0 ? streams : 1, params.epsilon);
        }
        float* to_mixes = row(dst, {t, 0, 0});
        std::fill_n(to_mixes, first, 0.0f);
        for (int64_t from = 0; from < streams; from++) {
            double along = 0.0;
            for (int64_t to = 0; to < streams; to++) {
                along += gradient[from * streams + to] * probabilities[from * streams + to];
            }
            for (int64_t i = from * streams; i < (from + 1) * streams; i++) {
                to_mixes[first + i] = static_cast<float>(scale * probabilities[i] * (gradient[i] - along));
            }
        }
    }
}

/// `[n, T]` as `[n, 1, T]`.
ggml_tensor* one_stream(Backward& b, ggml_tensor* x) {
    return ggml_reshape_3d(b.context, x, x->ne[0], 1, x->ne[1]);
}

/// Sums `[n, streams, T]` over its first dimension: `[streams, T]`.
ggml_tensor* sum_features(Backward& b, ggml_tensor* x) {
    return ggml_reshape_2d(b.context, ggml_sum_rows(b.context, x), x->ne[1], x->ne[2]);
}

} // namespace

/// The matrix that mixes streams: softmax of mixes * scale + base, made nearly doubly stochastic by normalizing in
/// turns.
void hyper_connection_weights_back(Backward& b) {
    if (b.needs(1) || b.needs(2)) {
        b.miss("the gradient of the mixing weights");
    }
    if (b.needs(0)) {
        ggml_tensor* mixes = b.node->src[0];
        auto params = std::make_shared<Params>(Params{float_param(b.node, 0), int_param(b.node, 1)});
        b.add(0, b.custom(shape_of(mixes),
                          {b.gradient, b.value(mixes), b.contiguous_value(b.node->src[1]),
                           b.contiguous_value(b.node->src[2])},
                          run_weights_back, std::move(params)));
    }
}

/// node[n, T] = scale * sum over streams of x[n, streams, T] * weights[streams, T], or of x * sigmoid(gate)[n, streams,
/// T]
void hyper_connection_before_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    ggml_tensor* weights = b.node->src[1];
    const bool gated = int_param(b.node, 1) != 0;
    ggml_tensor* gradient = one_stream(b, ggml_scale(b.context, b.gradient, float_param(b.node, 0)));
    ggml_tensor* factor = gated ? ggml_sigmoid(b.context, b.contiguous_value(weights))
                                : ggml_reshape_3d(b.context, b.contiguous_value(weights), 1, x->ne[1], x->ne[2]);
    if (b.needs(0)) {
        ggml_tensor* repeated = ggml_repeat_4d(b.context, gradient, x->ne[0], x->ne[1], x->ne[2], 1);
        b.add(0, ggml_mul(b.context, repeated, factor));
    }
    if (b.needs(1)) {
        ggml_tensor* product = ggml_mul(b.context, b.value(x), gradient);
        if (gated) {
            ggml_tensor* by_sigmoid = ggml_mul(b.context, product, factor);
            b.add(1, ggml_sub(b.context, by_sigmoid, ggml_mul(b.context, by_sigmoid, factor)));
        } else {
            b.add(1, sum_features(b, product));
        }
    }
}

/**
 * node[n, to, T] = x[n, T] * post[to, T] + sum over `from` of residual[n, from, T] * comb[to, from, T], or + residual
 * where there is no comb.
 */
void hyper_connection_after_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    ggml_tensor* residual = b.node->src[1];
    ggml_tensor* post = b.node->src[2];
    ggml_tensor* comb = b.node->src[3];
    const auto multiply = [&](ggml_tensor* first, ggml_tensor* second) {
        ggml_tensor* product = ggml_mul_mat(b.context, first, second);
        ggml_prec_set_acc(product, GGML_PREC_F32);
        return product;
    };
    if (b.needs(0)) {
        b.add(0, ggml_dsv4_hc_pre(b.context, b.gradient, b.value(post)));
    }
    if (b.needs(1)) {
        b.add(1, comb == nullptr
                     ? b.gradient
                     : multiply(ggml_cont(b.context, ggml_transpose(b.context, b.gradient)), b.value(comb)));
    }
    if (b.needs(2)) {
        ggml_tensor* product = ggml_mul(b.context, b.gradient, one_stream(b, b.contiguous_value(x)));
        b.add(2, sum_features(b, product));
    }
    if (comb != nullptr && b.needs(3)) {
        b.add(3, multiply(b.gradient, b.value(residual)));
    }
}

} // namespace mixllm
