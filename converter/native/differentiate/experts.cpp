#include <algorithm>
#include <vector>

#include "backward.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

constexpr int64_t rows_at_once = 8;

/// A row of the gradient and of the result that one expert computed.
struct Slot {
    int64_t slot;
    int64_t token;
};

/**
 * Sources: weights `[K, M, experts]` of any type, gradient `[M, used, T]`, ids `[used, T]`. Each thread computes some
 * of the K columns of every row of the result `[K, used, T]`; it reads an expert's rows in order, so nothing of the
 * weights is ever held but a few rows.
 */
void run_mul_mat_id_back(ggml_tensor* dst, int thread, int threads, void*) {
    const ggml_tensor* weights = dst->src[0];
    const ggml_tensor* gradient = dst->src[1];
    const ggml_tensor* ids = dst->src[2];
    const ggml_type_traits* traits = ggml_get_type_traits(weights->type);
    const int64_t unit = std::max<int64_t>(16, traits->blck_size);
    const Range units = thread_range((weights->ne[0] + unit - 1) / unit, thread, threads);
    const int64_t from = units.begin * unit;
    const int64_t columns = std::min(weights->ne[0], units.end * unit) - from;
    if (columns <= 0) {
        return;
    }

    std::vector<std::vector<Slot>> slots(weights->ne[2]);
    for (int64_t t = 0; t < ids->ne[1]; t++) {
        for (int64_t s = 0; s < ids->ne[0]; s++) {
            const char* id = static_cast<const char*>(ids->data) + s * ids->nb[0] + t * ids->nb[1];
            slots[*reinterpret_cast<const int32_t*>(id)].push_back({s, t});
            float* out = row(dst, {s, t, 0}) + from;
            std::fill(out, out + columns, 0.0f);
        }
    }

    std::vector<float> rows(rows_at_once * columns);
    for (int64_t expert = 0; expert < weights->ne[2]; expert++) {
        for (int64_t first = 0; first < weights->ne[1] && !slots[expert].empty(); first += rows_at_once) {
            const int64_t count = std::min(rows_at_once, weights->ne[1] - first);
            for (int64_t r = 0; r < count; r++) {
                const char* row_start = static_cast<const char*>(weights->data) + (first + r) * weights->nb[1] +
                                        expert * weights->nb[2] + from / traits->blck_size * traits->type_size;
                float* values = rows.data() + r * columns;
                if (weights->type == GGML_TYPE_F32) {
                    std::copy_n(reinterpret_cast<const float*>(row_start), columns, values);
                } else {
                    traits->to_float(row_start, values, columns);
                }
            }
            for (const Slot& at : slots[expert]) {
                const float* g = row(gradient, {at.slot, at.token, 0}) + first;
                float* out = row(dst, {at.slot, at.token, 0}) + from;
                for (int64_t r = 0; r < count; r++) {
                    const float* values = rows.data() + r * columns;
                    for (int64_t k = 0; k < columns; k++) {
                        out[k] += g[r] * values[k];
                    }
                }
            }
        }
    }
}

} // namespace

/// Sources: weights `[K, M, experts]`, x `[K, used or a divisor of it, T]`, ids `[used, T]`.
void mul_mat_id_back(Backward& b) {
    ggml_tensor* weights = b.node->src[0];
    ggml_tensor* x = b.node->src[1];
    ggml_tensor* ids = b.node->src[2];
    if (b.needs(0)) {
        b.miss("the gradient of the experts' weights");
    }
    if (!b.needs(1)) {
        return;
    }
    ggml_tensor* by_slot;
    if (ggml_tensor* transposed = b.prepared_transpose(weights)) {
        by_slot = ggml_mul_mat_id(b.context, transposed, b.gradient, ids);
        ggml_prec_set_acc(by_slot, GGML_PREC_F32);
    } else {
        by_slot = b.custom({x->ne[0], ids->ne[0], ids->ne[1], 1}, {weights, b.gradient, ids}, run_mul_mat_id_back);
    }
    b.add(1, b.sum_repeats(by_slot, x));
}

/// Sources: x `[n, used, T]`, biases `[n, experts]`, ids `[used, T]`.
void add_id_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.gradient);
    }
    if (b.needs(1)) {
        b.miss("the gradient of the experts' biases");
    }
}

} // namespace mixllm
