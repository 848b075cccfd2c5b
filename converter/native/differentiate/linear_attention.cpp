#include <algorithm>
#include <vector>

#include "backward.h"
#include "op_params.h"
#include "recurrence.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

/**
 * One head of one sequence of an op that keeps a matrix `[S, S]` for each head: its inputs are `[S, heads, tokens]` of
 * all sequences, one after another, and its result the outputs `[S * heads, tokens]`, then the matrices after the last
 * token. A gradient node's sources are the gradient of the result, then the op's sources; its result holds the
 * gradients of the sources one after another, so the state's comes last.
 */
class Head {
public:
    Head(ggml_tensor* dst, int64_t unit) : dst_(dst) {
        const ggml_tensor* first = dst->src[1];
        size = first->ne[0];
        heads_ = first->ne[1];
        tokens_ = first->ne[2];
        while (dst->src[state_ + 1] != nullptr) {
            state_++;
        }
        steps = tokens_ / dst->src[state_]->ne[1];
        head_ = unit % heads_;
        sequence_ = unit / heads_;
    }

    static int64_t count(const ggml_tensor* dst) {
        int state = 1;
        while (dst->src[state + 1] != nullptr) {
            state++;
        }
        return dst->src[1]->ne[1] * dst->src[state]->ne[1];
    }

    /// Values of the op's source `index` at a step.
    const float* input(int index, int64_t step) const {
        return static_cast<const float*>(dst_->src[1 + index]->data) + offset(step);
    }
    /// A source that is a weight `[S, heads]`.
    const float* weight(int index) const {
        return static_cast<const float*>(dst_->src[1 + index]->data) + head_ * size;
    }
    const float* output_gradient(int64_t step) const {
        return static_cast<const float*>(dst_->src[0]->data) + offset(step);
    }
    const float* initial_state() const { return static_cast<const float*>(dst_->src[state_]->data) + state_offset(); }
    const float* final_state_gradient() const {
        return static_cast<const float*>(dst_->src[0]->data) + size * heads_ * tokens_ + state_offset();
    }
    /// Where the gradient of the op's source `index` goes.
    float* gradient(int index, int64_t step) const { return part(index) + offset(step); }
    float* initial_state_gradient() const { return part(state_ - 1) + state_offset(); }

    int64_t size;
    int64_t steps;

private:
    int64_t offset(int64_t step) const { return ((sequence_ * steps + step) * heads_ + head_) * size; }
    int64_t state_offset() const { return (sequence_ * heads_ + head_) * size * size; }
    float* part(int index) const {
        float* start = static_cast<float*>(dst_->data);
        for (int i = 0; i < index; i++) {
            start += ggml_nelements(dst_->src[1 + i]);
        }
        return start;
    }

    ggml_tensor* dst_;
    int state_ = 1;
    int64_t heads_;
    int64_t tokens_;
    int64_t head_;
    int64_t sequence_;
};

/**
 * Runs one head backwards.
 *
 * @param advance called with a step, the matrix before it and room for the one after it
 * @param visit called with a step, the matrices before and after it, and the gradient of the one after it, which it
 * turns into that of the one before
 */
template <typename Advance, typename Visit>
void run_head(const Head& head, const Advance& advance, const Visit& visit) {
    const int64_t matrix = head.size * head.size;
    std::vector<float> adjoint(head.final_state_gradient(), head.final_state_gradient() + matrix);
    visit_backwards(
        head.steps, matrix, head.initial_state(), advance,
        [&](int64_t step, const float* before, const float* after) { visit(step, before, after, adjoint.data()); });
    std::copy(adjoint.begin(), adjoint.end(), head.initial_state_gradient());
}

template <void (*run)(const Head&, float scale)>
void run_heads(ggml_tensor* dst, int thread, int threads, void* data) {
    const float scale = *static_cast<const float*>(data);
    const Range range = thread_range(Head::count(dst), thread, threads);
    for (int64_t unit = range.begin; unit < range.end; unit++) {
        run(Head(dst, unit), scale);
    }
}

/// Sources: k, v, r, u, w, state. Each row i of the matrix M: out += r_i (u_i k_i v + M_i); M_i = w_i M_i + k_i v.
void run_wkv6(const Head& head, float) {
    const int64_t n = head.size;
    const float* u = head.weight(3);
    const auto advance = [&](int64_t step, const float* before, float* after) {
        const float *k = head.input(0, step), *v = head.input(1, step), *w = head.input(4, step);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++) {
                after[i * n + j] = w[i] * before[i * n + j] + k[i] * v[j];
            }
        }
    };
    run_head(head, advance, [&](int64_t step, const float* before, const float*, float* adjoint) {
        const float *k = head.input(0, step), *v = head.input(1, step), *r = head.input(2, step);
        const float *w = head.input(4, step), *out = head.output_gradient(step);
        float *to_k = head.gradient(0, step), *to_v = head.gradient(1, step), *to_r = head.gradient(2, step);
        float* to_w = head.gradient(4, step);
        const float along = dot(out, v, n);
        std::fill_n(to_v, n, 0.0f);
        for (int64_t i = 0; i < n; i++) {
            float* a = adjoint + i * n;
            const float* m = before + i * n;
            to_r[i] = u[i] * k[i] * along + dot(out, m, n);
            to_k[i] = r[i] * u[i] * along + dot(a, v, n);
            to_w[i] = dot(a, m, n);
            for (int64_t j = 0; j < n; j++) {
                to_v[j] += r[i] * u[i] * k[i] * out[j] + k[i] * a[j];
                a[j] = w[i] * a[j] + r[i] * out[j];
            }
        }
    });
}

/// Sources: k, v, q, g, state. Each row i of the matrix M: M_i = g_i M_i + k_i v; out += scale * q_i M_i.
void run_gated_linear(const Head& head, float scale) {
    const int64_t n = head.size;
    const auto advance = [&](int64_t step, const float* before, float* after) {
        const float *k = head.input(0, step), *v = head.input(1, step), *g = head.input(3, step);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++) {
                after[i * n + j] = g[i] * before[i * n + j] + k[i] * v[j];
            }
        }
    };
    run_head(head, advance, [&](int64_t step, const float* before, const float* after, float* adjoint) {
        const float *k = head.input(0, step), *v = head.input(1, step), *q = head.input(2, step);
        const float *g = head.input(3, step), *out = head.output_gradient(step);
        float *to_k = head.gradient(0, step), *to_v = head.gradient(1, step), *to_q = head.gradient(2, step);
        float* to_g = head.gradient(3, step);
        std::fill_n(to_v, n, 0.0f);
        for (int64_t i = 0; i < n; i++) {
            float* a = adjoint + i * n;
            add_scaled(a, out, scale * q[i], n);
            to_q[i] = scale * dot(out, after + i * n, n);
            to_k[i] = dot(a, v, n);
            to_g[i] = dot(a, before + i * n, n);
            for (int64_t j = 0; j < n; j++) {
                to_v[j] += k[i] * a[j];
                a[j] *= g[i];
            }
        }
    });
}

/// Sources: r, w, k, v, a, b, state. Each row i of M: M_i = w * M_i + v_i k + (a . M_i) b; out_i = r . M_i.
void run_wkv7(const Head& head, float) {
    const int64_t n = head.size;
    const auto advance = [&](int64_t step, const float* before, float* after) {
        const float *w = head.input(1, step), *k = head.input(2, step), *v = head.input(3, step);
        const float *a = head.input(4, step), *b = head.input(5, step);
        for (int64_t i = 0; i < n; i++) {
            const float along = dot(a, before + i * n, n);
            for (int64_t j = 0; j < n; j++) {
                after[i * n + j] = w[j] * before[i * n + j] + v[i] * k[j] + along * b[j];
            }
        }
    };
    run_head(head, advance, [&](int64_t step, const float* before, const float* after, float* adjoint) {
        const float *r = head.input(0, step), *w = head.input(1, step), *k = head.input(2, step);
        const float *v = head.input(3, step), *a = head.input(4, step), *b = head.input(5, step);
        const float* out = head.output_gradient(step);
        float* to[6];
        for (int i = 0; i < 6; i++) {
            to[i] = head.gradient(i, step);
            std::fill_n(to[i], n, 0.0f);
        }
        for (int64_t i = 0; i < n; i++) {
            float* g = adjoint + i * n;
            const float *m = before + i * n, *m_after = after + i * n;
            add_scaled(g, r, out[i], n);
            const float along = dot(a, m, n);
            const float to_along = dot(g, b, n);
            to[3][i] = dot(g, k, n);
            for (int64_t j = 0; j < n; j++) {
                to[0][j] += out[i] * m_after[j];
                to[1][j] += g[j] * m[j];
                to[2][j] += g[j] * v[i];
                to[4][j] += to_along * m[j];
                to[5][j] += g[j] * along;
                g[j] = g[j] * w[j] + to_along * a[j];
            }
        }
    });
}

/// @param inputs number of the op's sources, the state included
void linear_attention_back(Backward& b, int inputs, ggml_custom_op_t run, float scale) {
    std::vector<ggml_tensor*> sources{b.gradient};
    int64_t elements = 0;
    for (int i = 0; i < inputs; i++) {
        sources.push_back(b.contiguous_value(b.node->src[i]));
        elements += ggml_nelements(sources.back());
    }
    b.add_parts(b.custom({elements, 1, 1, 1}, sources, run, std::make_shared<float>(scale)), inputs);
}

} // namespace

void wkv6_back(Backward& b) {
    if (b.needs(3)) {
        return b.miss("the gradient of the bonus weights");
    }
    linear_attention_back(b, 6, run_heads<run_wkv6>, 1.0f);
}

void wkv7_back(Backward& b) {
    linear_attention_back(b, 7, run_heads<run_wkv7>, 1.0f);
}

void gated_linear_attention_back(Backward& b) {
    linear_attention_back(b, 5, run_heads<run_gated_linear>, float_param(b.node, 0));
}

} // namespace mixllm
