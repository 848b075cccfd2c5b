#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "backward.h"
#include "op_params.h"
#include "recurrence.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

/// The gradient node's sources: gradient of the result, then the op's.
enum Source { result_gradient, q, k, v, gate, beta, state };

/**
 * One head of v in one sequence of a gated delta net. Its state is a matrix M `[S, S]`; each row j of it takes a step
 * by M_j = exp(gate) * M_j;  M_j += beta (v_j - k . M_j) k;  out_j = q . M_j / sqrt(S) where the gate is one number or
 * one for each column. The gradient node holds the gradients of the op's sources.
 */
class DeltaHead {
public:
    DeltaHead(ggml_tensor* dst, int64_t snapshots, int64_t head, int64_t sequence)
        : dst_(dst), snapshots_(snapshots), head_(head), sequence_(sequence), size_(dst->src[v]->ne[0]),
          heads_(dst->src[v]->ne[1]), steps_(dst->src[v]->ne[2]), sequences_(dst->src[v]->ne[3]),
          scale_(1.0f / std::sqrt(static_cast<float>(size_))), decay_(size_), decayed_(size_), adjoint_(size_ * size_) {
    }

    void run() {
        const int64_t matrix = size_ * size_;
        std::copy_n(state_gradient(0), matrix, adjoint_.begin());
        const float* initial =
            static_cast<const float*>(dst_->src[state]->data) + (sequence_ * heads_ + head_) * matrix;
        visit_backwards(
            steps_, matrix, initial, [&](int64_t t, const float* before, float* after) { advance(t, before, after); },
            [&](int64_t t, const float* before, const float* after) { visit(t, before, after); });
        std::copy(adjoint_.begin(), adjoint_.end(), part(state) + (sequence_ * heads_ + head_) * matrix);
    }

    static float* part(ggml_tensor* dst, Source source) {
        float* start = static_cast<float*>(dst->data);
        for (int i = q; i < source; i++) {
            start += ggml_nelements(dst->src[i]);
        }
        return start;
    }

private:
    /// Row of a source at a step; sequences share those of q and k that are fewer, heads too, in turns.
    RowIndex at(Source source, int64_t t) const {
        const ggml_tensor* tensor = dst_->src[source];
        return {head_ % tensor->ne[1], t, sequence_ / (sequences_ / tensor->ne[3])};
    }
    const float* input(Source source, int64_t t) const { return row(dst_->src[source], at(source, t)); }
    float* part(Source source) const { return part(dst_, source); }
    float* gradient(Source source, int64_t t) const {
        const ggml_tensor* tensor = dst_->src[source];
        const RowIndex index = at(source, t);
        return part(source) + ((index.i3 * steps_ + t) * tensor->ne[1] + index.i1) * tensor->ne[0];
    }
    const float* state_gradient(int64_t snapshot) const {
        return static_cast<const float*>(dst_->src[result_gradient]->data) + size_ * heads_ * steps_ * sequences_ +
               ((snapshot * sequences_ + sequence_) * heads_ + head_) * size_ * size_;
    }
    bool gate_by_column() const { return dst_->src[gate]->ne[0] > 1; }

    void find_decay(int64_t t) {
        const float* g = input(gate, t);
        if (gate_by_column()) {
            std::transform(g, g + size_, decay_.begin(), [](float x) { return std::exp(x); });
        } else {
            std::fill(decay_.begin(), decay_.end(), std::exp(g[0]));
        }
    }

    void decay_row(const float* from, float* to) const {
        for (int64_t i = 0; i < size_; i++) {
            to[i] = decay_[i] * from[i];
        }
    }

    void advance(int64_t t, const float* before, float* after) {
        const float *key = input(k, t), *value = input(v, t);
        const float rate = input(beta, t)[0];
        find_decay(t);
        for (int64_t j = 0; j < size_; j++, before += size_, after += size_) {
            decay_row(before, after);
            add_scaled(after, key, rate * (value[j] - dot(after, key, size_)), size_);
        }
    }

    void visit(int64_t t, const float* before, const float* after) {
        const int64_t snapshot = steps_ - 1 - t;
        if (snapshot > 0 && snapshot < snapshots_) {
            add_scaled(adjoint_.data(), state_gradient(snapshot), 1.0f, size_ * size_);
        }
        const float *query = input(q, t), *key = input(k, t), *value = input(v, t);
        const float rate = input(beta, t)[0];
        const float* out = static_cast<const float*>(dst_->src[result_gradient]->data) +
                           ((sequence_ * steps_ + t) * heads_ + head_) * size_;
        float *to_q = gradient(q, t), *to_k = gradient(k, t), *to_v = gradient(v, t), *to_gate = gradient(gate, t);
        find_decay(t);
        float to_rate = 0.0f;
        std::fill_n(to_gate, dst_->src[gate]->ne[0], 0.0f);
        for (int64_t j = 0; j < size_; j++, before += size_, after += size_) {
            float* g = adjoint_.data() + j * size_;
            decay_row(before, decayed_.data());
            const float error = value[j] - dot(decayed_.data(), key, size_);
            add_scaled(to_q, after, scale_ * out[j], size_);
            add_scaled(g, query, scale_ * out[j], size_);
            const float along = dot(g, key, size_);
            to_rate += along * error;
            to_v[j] = rate * along;
            add_scaled(to_k, g, rate * error, size_);
            add_scaled(to_k, decayed_.data(), -rate * along, size_);
            add_scaled(g, key, -rate * along, size_);
            if (gate_by_column()) {
                for (int64_t i = 0; i < size_; i++) {
                    to_gate[i] += g[i] * decayed_[i];
                }
            } else {
                to_gate[0] += dot(g, decayed_.data(), size_);
            }
            decay_row(g, g);
        }
        gradient(beta, t)[0] = to_rate;
    }

    ggml_tensor* dst_;
    int64_t snapshots_, head_, sequence_, size_, heads_, steps_, sequences_;
    float scale_;
    std::vector<float> decay_, decayed_, adjoint_;
};

/// Heads that share a head of q or k are one thread's. Data: the number of snapshots of the state in the op's result.
void run_gated_delta_net_back(ggml_tensor* dst, int thread, int threads, void* data) {
    const int64_t separate = std::gcd(dst->src[q]->ne[1], dst->src[k]->ne[1]);
    const Range range = thread_range(separate, thread, threads);
    for (int64_t first = range.begin; first < range.end; first++) {
        for (const Source source : {q, k}) {
            const ggml_tensor* tensor = dst->src[source];
            float* out = DeltaHead::part(dst, source);
            for (int64_t i = 0; i < tensor->ne[2] * tensor->ne[3]; i++) {
                for (int64_t head = first; head < tensor->ne[1]; head += separate) {
                    std::fill_n(out + (i * tensor->ne[1] + head) * tensor->ne[0], tensor->ne[0], 0.0f);
                }
            }
        }
        for (int64_t sequence = 0; sequence < dst->src[v]->ne[3]; sequence++) {
            for (int64_t head = first; head < dst->src[v]->ne[1]; head += separate) {
                DeltaHead(dst, *static_cast<const int64_t*>(data), head, sequence).run();
            }
        }
    }
}

} // namespace

void gated_delta_net_back(Backward& b) {
    std::vector<ggml_tensor*> sources{b.gradient};
    int64_t elements = 0;
    for (int i = 0; i < 6; i++) {
        sources.push_back(b.value(b.node->src[i]));
        elements += ggml_nelements(sources.back());
    }
    ggml_tensor* all = b.custom({elements, 1, 1, 1}, sources, run_gated_delta_net_back,
                                std::make_shared<int64_t>(int_param(b.node, 0)));
    b.add_parts(all, 6);
}

} // namespace mixllm
