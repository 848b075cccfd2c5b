#include "dispatch/choose_path.h"
#include "dispatch/decode.cuh"
#include "dispatch/limits.h"
#include "dispatch/portable.cuh"
#include "dispatch/tile.cuh"
#include "dispatch/wgmma.cuh"
#include "mixllm_cuda.h"

static bool legal(const mixllm_cuda_weight& w, int64_t tokens) {
    return mixllm_shape_valid({w.n_inputs, w.n4, w.n8, 1}) && tokens >= 0 && tokens <= MOST_TOKENS &&
           (w.n4 + w.n8 + 256) / 64 * (tokens / 8 + 1) <= INT32_MAX; // tiles of any size
}

extern "C" size_t mixllm_cuda_workspace_bytes(const mixllm_cuda_device* device, const mixllm_cuda_weight* weight,
                                              int64_t tokens) {
    if (!legal(*weight, tokens) || tokens == 0) {
        return 0;
    }
    switch (choose_path(*device, tokens)) {
    case Path::tile16:
        return tile_workspace_bytes<16>(*device, *weight, tokens);
    case Path::tile32:
        return tile_workspace_bytes<32>(*device, *weight, tokens);
    case Path::tile64:
        return tile_workspace_bytes<64>(*device, *weight, tokens);
    case Path::tile128:
        return tile_workspace_bytes<128>(*device, *weight, tokens);
    case Path::wgmma:
        return wgmma_workspace_bytes(*device, *weight, tokens);
    case Path::portable:
    case Path::decode:
        break;
    }
    return 0;
}

extern "C" cudaError_t mixllm_cuda_mul_mat(const mixllm_cuda_device* device, const mixllm_cuda_weight* weight,
                                           const void* activations, int64_t tokens, float* y, int64_t y_stride,
                                           void* workspace, cudaStream_t stream) {
    if (!legal(*weight, tokens)) {
        return cudaErrorInvalidValue;
    }
    if (tokens == 0) {
        return cudaSuccess;
    }
    const Activations a = activations_at(const_cast<void*>(activations), weight->n_inputs, tokens);
    switch (choose_path(*device, tokens)) {
    case Path::portable:
        return mul_mat_portable(*device, *weight, a, y, y_stride, stream);
    case Path::decode:
        return mul_mat_decode(*device, *weight, a, y, y_stride, stream);
    case Path::tile16:
        return mul_mat_tile<16>(*device, *weight, a, y, y_stride, workspace, stream);
    case Path::tile32:
        return mul_mat_tile<32>(*device, *weight, a, y, y_stride, workspace, stream);
    case Path::tile64:
        return mul_mat_tile<64>(*device, *weight, a, y, y_stride, workspace, stream);
    case Path::tile128:
        return mul_mat_tile<128>(*device, *weight, a, y, y_stride, workspace, stream);
    case Path::wgmma:
        return mul_mat_wgmma(*device, *weight,
                             wgmma_activations_at(const_cast<void*>(activations), weight->n_inputs, tokens), y,
                             y_stride, workspace, stream);
    }
    return cudaErrorInvalidValue;
}
