#include "dispatch/choose_path.h"

#include "decode/decode_shape.cuh"
#include "dispatch/portable.cuh"
#include "layout/activations.cuh"
#include "layout/wgmma_activations.cuh"

Path choose_path(const mixllm_cuda_device& device, int64_t tokens) {
    if (tokens <= 8) {
        return Path::decode;
    }
    if (device.architecture < 80) {
        return Path::portable;
    }
    if (tokens <= 32) {
        return tokens <= 16 ? Path::tile16 : Path::tile32;
    }
    if (tokens <= 64) {
        return Path::tile64;
    }
    if (device.has_wgmma) {
        return Path::wgmma;
    }
    // 128 tokens a tile read the weights half as often as 64, unless much of the last tile stands empty.
    const bool empty = round_up(tokens, 128) * 4 > round_up(tokens, 64) * 5;
    return empty ? Path::tile64 : Path::tile128;
}

// By how many slots an expert has on average. Some have more, so tiles have room for more (cuda/NOTES.md computes where
// each is the fastest).
Path choose_expert_path(const mixllm_cuda_device& device, int64_t slots, int64_t n_experts) {
    if (device.architecture < 80) {
        return slots <= 16 * n_experts ? Path::decode : Path::portable;
    }
    if (slots <= 6 * n_experts) {
        return Path::decode;
    }
    if (slots <= 24 * n_experts) {
        return slots <= 12 * n_experts ? Path::tile16 : Path::tile32;
    }
    if (slots <= 64 * n_experts) {
        return Path::tile64;
    }
    if (device.has_wgmma) {
        return Path::wgmma;
    }
    return slots <= 96 * n_experts ? Path::tile64 : Path::tile128;
}

int tile_tokens(Path path) {
    switch (path) {
    case Path::decode:
        return DECODE_TOKENS;
    case Path::tile16:
        return 16;
    case Path::tile32:
        return 32;
    case Path::portable:
        return PORTABLE_TOKENS;
    case Path::tile64:
        return 64;
    case Path::tile128:
        return 128;
    case Path::wgmma:
        return WGMMA_TOKENS;
    }
    return 0;
}
