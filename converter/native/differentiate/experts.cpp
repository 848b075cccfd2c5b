#include "experts.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "backward.h"
#include "expert_tiles.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

using Tile = OuterTile<float>;

/// Columns of K that one thread takes are a multiple of what every type of weight is stored in.
constexpr int64_t column_unit = 32;

/// Rows of weights that are summed over before the sums are stored.
constexpr int64_t rows_at_once = 64;

/// Sources: weights `[K, M, experts]`, x, ids `[used, T]`. Each thread computes some of the M channels of every row of
/// the result `[M, used, T]`.
void run_product(ggml_tensor* dst, int thread, int threads, void*) {
    const ggml_tensor* weights = dst->src[0];
    const int64_t unit = static_cast<int64_t>(Tile::rows);
    const Range units = thread_range((weights->ne[1] + unit - 1) / unit, thread, threads);
    const Range channels{units.begin * unit, std::min(weights->ne[1], units.end * unit)};
    for_each_expert_tile(weights, dst->src[1], slots_by_expert(dst->src[2], weights->ne[2]), channels,
                         [&](const ExpertTile& tile) {
                             for (int64_t s = 0; s < tile.slot_count; s++) {
                                 float* out = row(dst, {tile.slots[s].slot, tile.slots[s].token, 0}) + tile.channel;
                                 for (int64_t c = 0; c < tile.channels; c++) {
                                     out[c] = tile.values[c * static_cast<int64_t>(Tile::columns) + s];
                                 }
                             }
                         });
}

/**
 * Sources: weights `[K, M, experts]` of any type, or with `ExpertRows`, gradient `[M, used, T]`, ids `[used, T]`. Each
 * thread computes some of the K columns of every row of the result `[K, used, T]`; nothing of the weights is ever held
 * as floats but a few rows.
 */
void run_mul_mat_id_back(ggml_tensor* dst, int thread, int threads, void*) {
    constexpr auto most_slots = static_cast<int64_t>(Tile::rows);
    constexpr auto step = static_cast<int64_t>(Tile::columns);
    const ggml_tensor* weights = dst->src[0];
    const ggml_tensor* gradient = dst->src[1];
    const ggml_tensor* ids = dst->src[2];
    const TensorRows own(weights);
    const ExpertRows& source = weights->extra != nullptr ? *static_cast<const ExpertRows*>(weights->extra)
                                                         : static_cast<const ExpertRows&>(own);
    const Range units = thread_range((weights->ne[0] + column_unit - 1) / column_unit, thread, threads);
    const int64_t from = units.begin * column_unit;
    const int64_t columns = std::min(weights->ne[0], units.end * column_unit) - from;
    if (columns <= 0) {
        return;
    }
    const std::vector<std::vector<Slot>> slots = slots_by_expert(ids, weights->ne[2]);
    const int64_t padded = (columns + step - 1) / step * step;
    std::vector<float> rows(static_cast<size_t>(rows_at_once * padded));
    std::vector<float> factors(static_cast<size_t>(rows_at_once * most_slots));
    std::vector<float> sums; // [slots, a multiple of a tile's][padded]
    for (size_t expert = 0; expert < slots.size(); expert++) {
        const auto count = static_cast<int64_t>(slots[expert].size());
        if (count == 0) {
            continue;
        }
        sums.assign(static_cast<size_t>((count + most_slots - 1) / most_slots * most_slots * padded), 0.0f);
        for (int64_t first = 0; first < weights->ne[1]; first += rows_at_once) {
            if (source.canceled()) {
                return;
            }
            const int64_t depth = std::min(rows_at_once, weights->ne[1] - first);
            for (int64_t r = 0; r < depth; r++) {
                source.load(static_cast<int64_t>(expert), first + r, from, columns, rows.data() + r * padded);
            }
            for (int64_t s = 0; s < count; s += most_slots) {
                std::fill(factors.begin(), factors.end(), 0.0f);
                for (int64_t i = 0; i < std::min(most_slots, count - s); i++) {
                    const Slot& at = slots[expert][static_cast<size_t>(s + i)];
                    const float* g = row(gradient, {at.slot, at.token, 0}) + first;
                    for (int64_t r = 0; r < depth; r++) {
                        factors[static_cast<size_t>(r * most_slots + i)] = g[r];
                    }
                }
                for (int64_t k = 0; k < padded; k += step) {
                    Tile::accumulate(static_cast<size_t>(depth), factors.data(), Tile::rows, rows.data() + k,
                                     static_cast<size_t>(padded), 1.0f, sums.data() + s * padded + k,
                                     static_cast<size_t>(padded));
                }
            }
        }
        for (int64_t s = 0; s < count; s++) {
            const Slot& at = slots[expert][static_cast<size_t>(s)];
            std::copy_n(sums.data() + s * padded, columns, row(dst, {at.slot, at.token, 0}) + from);
        }
    }
}

} // namespace

void TensorRows::load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const {
    const ggml_type_traits* traits = ggml_get_type_traits(weights_->type);
    const char* start = static_cast<const char*>(weights_->data) + row * weights_->nb[1] + expert * weights_->nb[2] +
                        first / traits->blck_size * static_cast<int64_t>(traits->type_size);
    if (weights_->type == GGML_TYPE_F32) {
        std::memcpy(out, start, static_cast<size_t>(count) * sizeof(float));
    } else {
        traits->to_float(start, out, count);
    }
}

ggml_tensor* multiply_experts(ggml_context* context, ggml_tensor* weights, ggml_tensor* x, ggml_tensor* ids) {
    ggml_tensor* sources[] = {weights, x, ids};
    return ggml_custom_4d(context, GGML_TYPE_F32, weights->ne[1], ids->ne[0], ids->ne[1], 1, sources, 3, run_product,
                          GGML_N_TASKS_MAX, nullptr);
}

bool is_expert_product(const ggml_tensor* node) {
    ggml_custom_op_t run = nullptr; // what ggml keeps first of a custom node's parameters
    std::memcpy(&run, node->op_params, sizeof run);
    return node->op == GGML_OP_CUSTOM && run == run_product;
}

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
