#include "dispatch/choose_path.h"

#include "layout/activations.cuh"

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
