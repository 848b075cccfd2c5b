#include "graph/expert_salience.h"

#include <algorithm>
#include <vector>

#include "differentiate/expert_tiles.h"

namespace mixllm {

namespace {

/// Sources: weights, x, gradient, ids; result `[M, experts, samples, 2]`. Each thread has some of the M channels.
void run_sums(ggml_tensor* dst, int thread, int threads, void*) {
    constexpr auto unit = static_cast<int64_t>(OuterTile<float>::rows);
    constexpr auto step = static_cast<int64_t>(OuterTile<float>::columns);
    const ggml_tensor* gradient = dst->src[2];
    const ggml_tensor* ids = dst->src[3];
    const int64_t experts = dst->ne[1];
    const int64_t samples = dst->ne[2];
    const int64_t length = ids->ne[1] / samples;
    const Range units = thread_range((dst->ne[0] + unit - 1) / unit, thread, threads);
    const Range channels{units.begin * unit, std::min(dst->ne[0], units.end * unit)};
    const int64_t own = channels.end - channels.begin;
    if (own <= 0) {
        return;
    }
    std::vector<double> sums(static_cast<size_t>(2 * samples * experts * own)); // [2][samples][experts][own]
    const auto at = [&](int64_t which, int64_t sample, int64_t expert, int64_t channel) -> double& {
        return sums[static_cast<size_t>(((which * samples + sample) * experts + expert) * own + channel)];
    };
    for_each_expert_tile(dst->src[0], dst->src[1], slots_by_expert(ids, experts), channels,
                         [&](const ExpertTile& tile) {
                             for (int64_t s = 0; s < tile.slot_count; s++) {
                                 const Slot& slot = tile.slots[s];
                                 const float* g = row(gradient, {slot.slot, slot.token, 0}) + tile.channel;
                                 for (int64_t c = 0; c < tile.channels; c++) {
                                     const double change = static_cast<double>(g[c]) * tile.values[c * step + s];
                                     const int64_t channel = tile.channel - channels.begin + c;
                                     at(0, slot.token / length, tile.expert, channel) += change;
                                     at(1, slot.token / length, tile.expert, channel) += change * change;
                                 }
                             }
                         });
    for (int64_t which = 0; which < 2; which++) {
        for (int64_t sample = 0; sample < samples; sample++) {
            for (int64_t expert = 0; expert < experts; expert++) {
                float* out = row(dst, {expert, sample, which}) + channels.begin;
                for (int64_t c = 0; c < own; c++) {
                    out[c] = static_cast<float>(at(which, sample, expert, c));
                }
            }
        }
    }
}

} // namespace

std::pair<ggml_tensor*, ggml_tensor*> sum_expert_changes(ggml_context* context, ggml_tensor* error, ggml_tensor* x,
                                                         ggml_tensor* gradient, ggml_tensor* ids, int64_t samples) {
    ggml_tensor* sources[] = {error, x, gradient, ids};
    ggml_tensor* both = ggml_custom_4d(context, GGML_TYPE_F32, error->ne[1], error->ne[2], samples, 2, sources, 4,
                                       run_sums, GGML_N_TASKS_MAX, nullptr);
    const auto part = [&](size_t which) {
        return ggml_view_3d(context, both, both->ne[0], both->ne[1], both->ne[2], both->nb[1], both->nb[2],
                            which * both->nb[3]);
    };
    return {part(0), part(1)};
}

} // namespace mixllm
