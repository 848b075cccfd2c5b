#pragma once

#include "layout/activations.cuh"

#include <algorithm>
#include <cuda_runtime.h>
#include <stddef.h>
#include <stdint.h>

// The slots of all tokens, ordered by expert into tiles of tile_tokens places, as mixllm_cuda_route leaves them in the
// caller's buffer. A tile has slots of one expert, from its first place on; slots that name no expert have tiles of
// their own, the last ones, as if there were one more expert. How many tiles there are is known on the device alone;
// the caller knows the most there can be.
struct RoutedSlots {
    int32_t* place;   // [slots] of each slot, token * per_token + its number in the token
    int32_t* slot_at; // [most_tiles * tile_tokens] the slot at each place that has one
    int32_t* tiles;   // [most_tiles][2] expert and number of slots, 0 where there is no such tile
    int32_t* n_tiles; // [1]
    int slots;        // of all tokens together
    int per_token;
    int n_experts;
    int tile_tokens;
    int most_tiles;

    __host__ __device__ int places() const { return most_tiles * tile_tokens; }
};

// Of `slots` slots, however they are chosen: each expert that has any fills tiles up to the last one.
inline int64_t most_tiles(int64_t slots, int64_t n_experts, int64_t tile_tokens) {
    const int64_t chosen = std::min(slots, n_experts + 1);
    return chosen + (slots - chosen) / tile_tokens;
}

inline size_t routed_bytes(int64_t slots, int64_t n_experts, int64_t tile_tokens) {
    const int64_t tiles = most_tiles(slots, n_experts, tile_tokens);
    return (size_t)(round_up(slots + tiles * tile_tokens, 2) + tiles * 2 + 1) * sizeof(int32_t);
}

inline RoutedSlots routed_slots_at(void* buffer, int64_t tokens, int64_t per_token, int64_t n_experts,
                                   int64_t tile_tokens) {
    RoutedSlots r;
    r.slots = (int)(tokens * per_token);
    r.per_token = (int)per_token;
    r.n_experts = (int)n_experts;
    r.tile_tokens = (int)tile_tokens;
    r.most_tiles = (int)most_tiles(r.slots, n_experts, tile_tokens);
    r.place = static_cast<int32_t*>(buffer);
    r.slot_at = r.place + r.slots;
    r.tiles = r.place + round_up((int64_t)r.slots + r.places(), 2);
    r.n_tiles = r.tiles + 2 * r.most_tiles;
    return r;
}
