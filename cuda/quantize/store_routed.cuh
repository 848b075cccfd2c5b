#pragma once

#include "layout/routed_slots.cuh"
#include "quantize/store_quantized.cuh"

// Where quantized rows of x go when slots read them: to the place of each slot, so that a tile's activations lie
// together. Destination: Activations or WgmmaActivations of as many tokens as there are places.
template <class Destination>
struct RoutedActivations {
    Destination to;
    RoutedSlots route;
    int x_per_token; // rows of x a token has: slot s of a token reads row s % x_per_token
    int groups;
    int tokens; // rows of x
};

// Zeros after the last token of a tile, as far as kernels read them: pairs of scales and sums, or whole records.
__device__ __forceinline__ void store_after(const Activations& a, int token, int group, int lane) {
    const size_t at = (size_t)group * (size_t)a.token_stride + (size_t)token;
    if (lane > 0 && lane < 4 - token % 4) {
        Global<float>(a.scale).store(at + (size_t)lane, 0.0f);
        Global<int32_t>(a.sum).store(at + (size_t)lane, 0);
    }
}

__device__ __forceinline__ void store_after(const WgmmaActivations& a, int token, int group, int lane) {
    for (token++; token % WGMMA_TOKENS != 0; token++) {
        store_quantized(a, token, group, lane, 0, 0.0f, 0);
    }
}

// As store_quantized for a row of x.
template <class Destination>
__device__ __forceinline__ void store_quantized(const RoutedActivations<Destination>& a, int row, int group, int lane,
                                                uint32_t packed, float scale, int32_t sum) {
    const int token = row / a.x_per_token;
    const size_t first = (size_t)token * (size_t)a.route.per_token;
    for (int i = row - token * a.x_per_token; i < a.route.per_token; i += a.x_per_token) {
        const int place = Global<const int32_t>(a.route.place).load(first + (size_t)i);
        const int tile = place / a.route.tile_tokens;
        const uint2 of_tile = Global<const int32_t>(a.route.tiles).as<const uint2>().load((size_t)tile);
        // The y of a slot that names no expert is NaN.
        const bool exists = (int)of_tile.x < a.route.n_experts;
        store_quantized(a.to, place, group, lane, packed, exists ? scale : __uint_as_float(0x7FC00000), sum);
        if (place == tile * a.route.tile_tokens + (int)of_tile.y - 1) {
            store_after(a.to, place, group, lane);
        }
    }
}
