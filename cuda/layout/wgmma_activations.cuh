#pragma once

#include "layout/activations.cuh"

// The quantized activations as the wgmma kernel takes them: one record for 128 tokens and a group, so that one bulk
// copy brings a stage. Tokens beyond the last are zeros.
//
//     0        x_q: 128 bytes a token, ordered as wgmma_record_offset says
//     16384    for each two tokens, 16 bytes: s_x of both, then -12582912 s_x of both (exact: s_x has 22 bits)
struct WgmmaActivations {
    uint8_t* records; // [ceil(tokens / 128)][groups]
    int groups;
    int tokens;
};

enum {
    WGMMA_TOKENS = 128,
    WGMMA_SCALES = WGMMA_TOKENS * MIXLLM_GROUP_SIZE,
    WGMMA_RECORD_BYTES = WGMMA_SCALES + WGMMA_TOKENS / 2 * 16,
};
static_assert(WGMMA_RECORD_BYTES % 1024 == 0, "records follow each other in shared memory, and the swizzle needs 1024");

inline size_t wgmma_activation_bytes(int64_t n_inputs, int64_t tokens) {
    return (size_t)(round_up(tokens, WGMMA_TOKENS) / WGMMA_TOKENS * group_count(n_inputs) * WGMMA_RECORD_BYTES);
}

inline WgmmaActivations wgmma_activations_at(void* buffer, int64_t n_inputs, int64_t tokens) {
    return {static_cast<uint8_t*>(buffer), group_count(n_inputs), (int)tokens};
}
