#pragma once

#include <ggml.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "experts.h"
#include "gptq/outer_products.h"
#include "row_loop.h"

namespace mixllm {

/// A row of a product's input and result that one expert computes.
struct Slot {
    int64_t slot;
    int64_t token;
};

/// What each expert computes, in the order of the tokens. `ids` is `[used, T]`.
inline std::vector<std::vector<Slot>> slots_by_expert(const ggml_tensor* ids, int64_t experts) {
    std::vector<std::vector<Slot>> slots(static_cast<size_t>(experts));
    for (int64_t t = 0; t < ids->ne[1]; t++) {
        for (int64_t s = 0; s < ids->ne[0]; s++) {
            const char* id = static_cast<const char*>(ids->data) + s * ids->nb[0] + t * ids->nb[1];
            slots[static_cast<size_t>(*reinterpret_cast<const int32_t*>(id))].push_back({s, t});
        }
    }
    return slots;
}

/// A few output channels of one expert times a few of its inputs.
struct ExpertTile {
    int64_t expert;
    int64_t channel;     ///< the first of them
    int64_t channels;    ///< at most `OuterTile<float>::rows`
    const Slot* slots;   ///< of the inputs
    int64_t slot_count;  ///< at most `OuterTile<float>::columns`
    const float* values; ///< channel c, slot s at `[c * OuterTile<float>::columns + s]`
};

/**
 * Calls `visit(tile)` for the products of some output channels of every chosen expert, a sum in float32 over the inputs
 * in order for each.
 *
 * @param weights `[K, M, experts]`, whose `extra` is the `ExpertRows`
 * @param x `[K, used or a divisor of it, T]`
 * @param channels which of the M
 */
template <typename Visit>
void for_each_expert_tile(const ggml_tensor* weights, const ggml_tensor* x, const std::vector<std::vector<Slot>>& slots,
                          const Range& channels, const Visit& visit) {
    using Tile = OuterTile<float>;
    constexpr auto rows = static_cast<int64_t>(Tile::rows);
    constexpr auto columns = static_cast<int64_t>(Tile::columns);
    constexpr size_t slots_at_once = 1024; // packed inputs of more would leave the caches
    const auto& source = *static_cast<const ExpertRows*>(weights->extra);
    const int64_t inputs = weights->ne[0];
    std::vector<float> row_values(static_cast<size_t>(inputs));
    std::vector<float> panel(static_cast<size_t>(inputs * rows));
    std::vector<float> packed;
    for (size_t expert = 0; expert < slots.size(); expert++) {
        for (size_t first = 0; first < slots[expert].size(); first += slots_at_once) {
            const Slot* own = slots[expert].data() + first;
            const auto count = static_cast<int64_t>(std::min(slots_at_once, slots[expert].size() - first));
            const int64_t blocks = (count + columns - 1) / columns;
            packed.assign(static_cast<size_t>(blocks * inputs * columns), 0.0f);
            for (int64_t s = 0; s < count; s++) {
                const float* values = row(x, {own[s].slot % x->ne[1], own[s].token, 0});
                float* out = packed.data() + s / columns * inputs * columns + s % columns;
                for (int64_t k = 0; k < inputs; k++) {
                    out[k * columns] = values[k];
                }
            }
            for (int64_t channel = channels.begin; channel < channels.end; channel += rows) {
                if (source.canceled()) {
                    return;
                }
                const int64_t used = std::min(rows, channels.end - channel);
                std::fill(panel.begin(), panel.end(), 0.0f);
                for (int64_t r = 0; r < used; r++) {
                    source.load(static_cast<int64_t>(expert), channel + r, 0, inputs, row_values.data());
                    for (int64_t k = 0; k < inputs; k++) {
                        panel[static_cast<size_t>(k * rows + r)] = row_values[static_cast<size_t>(k)];
                    }
                }
                for (int64_t b = 0; b < blocks; b++) {
                    float sums[Tile::rows * Tile::columns] = {};
                    Tile::accumulate(static_cast<size_t>(inputs), panel.data(), Tile::rows,
                                     packed.data() + b * inputs * columns, Tile::columns, 1.0f, sums, Tile::columns);
                    visit(ExpertTile{static_cast<int64_t>(expert), channel, used, own + b * columns,
                                     std::min(columns, count - b * columns), sums});
                }
            }
        }
    }
}

} // namespace mixllm
