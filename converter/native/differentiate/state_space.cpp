#include <algorithm>
#include <cmath>
#include <vector>

#include "backward.h"
#include "op_params.h"
#include "recurrence.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

/// Sources: gradient `[channels, T, sequences]` and weights `[width, channels]`; result `[width - 1 + T, channels,
/// ...]`.
void run_ssm_conv_back(ggml_tensor* dst, int thread, int threads, void*) {
    const ggml_tensor* gradient = dst->src[0];
    const int64_t width = dst->src[1]->ne[0];
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        const float* weights = row(dst->src[1], {at.i1, 0, 0});
        float* out = row(dst, at);
        std::fill_n(out, dst->ne[0], 0.0f);
        for (int64_t t = 0; t < gradient->ne[1]; t++) {
            add_scaled(out + t, weights, row(gradient, {t, at.i2, 0})[at.i1], width);
        }
    });
}

} // namespace

void ssm_conv_back(Backward& b) {
    if (b.needs(1)) {
        b.miss("the gradient of the convolution's weights");
    }
    if (b.needs(0)) {
        b.add(0, b.custom(shape_of(b.node->src[0]), {b.gradient, b.value(b.node->src[1])}, run_ssm_conv_back));
    }
}

namespace {

/**
 * Sizes of a scan and what its gradient node holds one after another: gradients of x, dt and the state, then those of B
 * and C as `chunks` sums each. A group's heads share B and C, so each chunk of its heads has sums of its own; their
 * number does not depend on the threads.
 */
struct Scan {
    Scan(const ggml_tensor* state, const ggml_tensor* x, const ggml_tensor* b)
        : states(state->ne[0]), dim(x->ne[0]), heads(x->ne[1]), steps(x->ne[2]), sequences(x->ne[3]), groups(b->ne[1]),
          chunks(std::min(heads / groups, std::max<int64_t>(1, 16 / groups))), matrix(states * dim),
          dt_offset(dim * heads * steps * sequences), state_offset(dt_offset + heads * steps * sequences),
          b_offset(state_offset + ggml_nelements(state)), c_offset(b_offset + chunks * ggml_nelements(b)),
          elements(c_offset + chunks * ggml_nelements(b)) {}

    int64_t states, dim, heads, steps, sequences, groups, chunks, matrix;
    int64_t dt_offset, state_offset, b_offset, c_offset, elements;
};

/// One head of one sequence of a scan: state[p][n] = exp(dt A[n]) state[p][n] + dt x[p] B[n]; y[p] = C . state[p].
class ScanHead {
public:
    ScanHead(ggml_tensor* dst, const Scan& scan, int64_t snapshots, int64_t chunk, int64_t head, int64_t sequence)
        : dst_(dst), scan_(scan), snapshots_(snapshots), chunk_(chunk), head_(head), sequence_(sequence),
          group_(head / (scan.heads / scan.groups)), rate_(scan.states), decay_(scan.states), weighted_(scan.states),
          adjoint_(scan.matrix) {
        const ggml_tensor* a = dst->src[4];
        for (int64_t n = 0; n < scan.states; n++) {
            rate_[n] = row(a, {head, 0, 0})[a->ne[0] == 1 ? 0 : n];
        }
    }

    void run() {
        const float* end = state_gradient(0);
        std::copy(end, end + scan_.matrix, adjoint_.begin());
        const ggml_tensor* state = dst_->src[1];
        const int64_t id = static_cast<const int32_t*>(dst_->src[7]->data)[sequence_];
        const int64_t offset = (id * scan_.heads + head_) * scan_.matrix;
        visit_backwards(
            scan_.steps, scan_.matrix, static_cast<const float*>(state->data) + offset,
            [&](int64_t t, const float* before, float* after) { advance(t, before, after); },
            [&](int64_t t, const float* before, const float* after) { visit(t, before, after); });
        add_scaled(result(scan_.state_offset) + offset, adjoint_.data(), 1.0f, scan_.matrix);
    }

private:
    float* result(int64_t offset) const { return static_cast<float*>(dst_->data) + offset; }
    const float* x(int64_t t) const { return row(dst_->src[2], {head_, t, sequence_}); }
    float raw_dt(int64_t t) const { return row(dst_->src[3], {t, sequence_, 0})[head_]; }
    float dt(int64_t t) const {
        const float raw = raw_dt(t);
        return raw > 20.0f ? raw : std::log1p(std::exp(raw));
    }
    const float* b(int64_t t) const { return row(dst_->src[5], {group_, t, sequence_}); }
    const float* c(int64_t t) const { return row(dst_->src[6], {group_, t, sequence_}); }
    const float* state_gradient(int64_t snapshot) const {
        return static_cast<const float*>(dst_->src[0]->data) + scan_.dt_offset +
               ((snapshot * scan_.sequences + sequence_) * scan_.heads + head_) * scan_.matrix;
    }
    int64_t step(int64_t t) const { return (sequence_ * scan_.steps + t) * scan_.heads + head_; }

    void find_decay(float dt) {
        if (dst_->src[4]->ne[0] == 1) {
            std::fill(decay_.begin(), decay_.end(), std::exp(dt * rate_[0]));
        } else {
            std::transform(rate_.begin(), rate_.end(), decay_.begin(),
                           [dt](float rate) { return std::exp(dt * rate); });
        }
    }

    void advance(int64_t t, const float* before, float* after) {
        const float step_size = dt(t);
        const float *values = x(t), *in = b(t);
        find_decay(step_size);
        for (int64_t p = 0; p < scan_.dim; p++, before += scan_.states, after += scan_.states) {
            const float scaled = values[p] * step_size;
            for (int64_t n = 0; n < scan_.states; n++) {
                after[n] = decay_[n] * before[n] + scaled * in[n];
            }
        }
    }

    void visit(int64_t t, const float* before, const float* after) {
        const int64_t snapshot = scan_.steps - 1 - t;
        if (snapshot > 0 && snapshot < snapshots_) {
            add_scaled(adjoint_.data(), state_gradient(snapshot), 1.0f, scan_.matrix);
        }
        const int64_t states = scan_.states;
        const float step_size = dt(t);
        const float *values = x(t), *in = b(t), *out = c(t);
        const float* y = static_cast<const float*>(dst_->src[0]->data) + step(t) * scan_.dim;
        float* to_x = result(step(t) * scan_.dim);
        const int64_t shared =
            ((chunk_ * scan_.sequences + sequence_) * scan_.steps + t) * scan_.groups * states + group_ * states;
        float *to_b = result(scan_.b_offset + shared), *to_c = result(scan_.c_offset + shared);
        find_decay(step_size);
        float to_dt = 0.0f;
        for (int64_t p = 0; p < scan_.dim; p++, before += states, after += states) {
            float* g = adjoint_.data() + p * states;
            add_scaled(g, out, y[p], states);
            add_scaled(to_c, after, y[p], states);
            add_scaled(to_b, g, values[p] * step_size, states);
            const float along = dot(g, in, states);
            to_x[p] = step_size * along;
            to_dt += values[p] * along;
            for (int64_t n = 0; n < states; n++) {
                g[n] *= decay_[n];
                weighted_[n] = rate_[n] * g[n];
            }
            to_dt += dot(weighted_.data(), before, states);
        }
        // dt goes through a softplus.
        result(scan_.dt_offset)[step(t)] = to_dt / (1.0f + std::exp(-raw_dt(t)));
    }

    ggml_tensor* dst_;
    const Scan& scan_;
    int64_t snapshots_, chunk_, head_, sequence_, group_;
    std::vector<float> rate_; // A, one number for the head or one for each state
    std::vector<float> decay_, weighted_, adjoint_;
};

/// Sources: gradient, state, x, dt, A, B, C, ids; data: the number of snapshots of the state in the op's result.
void run_ssm_scan_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const Scan scan(dst->src[1], dst->src[2], dst->src[5]);
    const int64_t heads = scan.heads / scan.groups;
    const Range range = thread_range(scan.groups * scan.chunks, thread, threads);
    for (int64_t unit = range.begin; unit < range.end; unit++) {
        const int64_t group = unit / scan.chunks, chunk = unit % scan.chunks;
        const int64_t first = group * heads + heads * chunk / scan.chunks;
        const int64_t last = group * heads + heads * (chunk + 1) / scan.chunks;
        float* out = static_cast<float*>(dst->data);
        for (const int64_t start : {scan.b_offset, scan.c_offset}) {
            for (int64_t i = 0; i < scan.sequences * scan.steps; i++) {
                const int64_t at = (chunk * scan.sequences * scan.steps + i) * scan.groups + group;
                std::fill_n(out + start + at * scan.states, scan.states, 0.0f);
            }
        }
        for (int64_t s = 0; s < dst->src[1]->ne[3]; s++) {
            std::fill(out + scan.state_offset + (s * scan.heads + first) * scan.matrix,
                      out + scan.state_offset + (s * scan.heads + last) * scan.matrix, 0.0f);
        }
        for (int64_t sequence = 0; sequence < scan.sequences; sequence++) {
            for (int64_t head = first; head < last; head++) {
                ScanHead(dst, scan, *static_cast<const int64_t*>(data), chunk, head, sequence).run();
            }
        }
    }
}

/// Adds up the parts of the result's size that the source holds one after another.
void run_sum_of_parts(ggml_tensor* dst, int thread, int threads, void*) {
    const int64_t size = ggml_nelements(dst);
    const Range range = thread_range(size, thread, threads);
    const float* in = static_cast<const float*>(dst->src[0]->data);
    float* out = static_cast<float*>(dst->data);
    std::copy(in + range.begin, in + range.end, out + range.begin);
    for (int64_t part = size; part < ggml_nelements(dst->src[0]); part += size) {
        add_scaled(out + range.begin, in + part + range.begin, 1.0f, range.end - range.begin);
    }
}

} // namespace

/// Sources: state, x, dt, A, B, C, ids.
void ssm_scan_back(Backward& b) {
    if (b.needs(3)) {
        b.miss("the gradient of the decay's weights");
    }
    std::vector<ggml_tensor*> sources{b.gradient};
    for (int i = 0; i < 6; i++) {
        sources.push_back(b.value(b.node->src[i]));
    }
    sources.push_back(b.node->src[6]);
    const Scan scan(sources[1], sources[2], sources[5]);
    ggml_tensor* all =
        b.custom({scan.elements, 1, 1, 1}, sources, run_ssm_scan_back, std::make_shared<int64_t>(int_param(b.node, 0)));
    const auto add_part = [&](int index, int64_t offset) {
        if (b.needs(index)) {
            const ggml_tensor* source = b.node->src[index];
            ggml_tensor* part =
                ggml_view_1d(b.context, all, ggml_nelements(source), static_cast<size_t>(offset) * sizeof(float));
            b.add(index, ggml_reshape_4d(b.context, part, source->ne[0], source->ne[1], source->ne[2], source->ne[3]));
        }
    };
    add_part(0, scan.state_offset);
    add_part(1, 0);
    add_part(2, scan.dt_offset);
    const auto add_shared = [&](int index, int64_t offset) {
        if (b.needs(index)) {
            const ggml_tensor* source = b.node->src[index];
            ggml_tensor* parts = ggml_view_1d(b.context, all, scan.chunks * ggml_nelements(source),
                                              static_cast<size_t>(offset) * sizeof(float));
            b.add(index, b.custom(shape_of(source), {parts}, run_sum_of_parts));
        }
    };
    add_shared(4, scan.b_offset);
    add_shared(5, scan.c_offset);
}

} // namespace mixllm
