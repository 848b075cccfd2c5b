#include "dispatch/portable.cuh"

#include "dispatch/launch.cuh"
#include "portable/portable_kernel.cuh"

cudaError_t mul_mat_portable(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                             const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream) {
    PortableParameters p;
    p.weight = view_of(weight);
    p.activations = activations;
    p.y = y;
    p.y_stride = y_stride;
    p.row_tiles8 = (int)(round_up(weight.n8, PORTABLE_ROWS) / PORTABLE_ROWS);
    p.row_tiles = p.row_tiles8 + (int)(round_up(weight.n4, PORTABLE_ROWS) / PORTABLE_ROWS);
    constexpr int tile_tokens = 64;
    const unsigned blocks = (unsigned)(round_up(activations.tokens, tile_tokens) / tile_tokens * p.row_tiles);
    return launch(device, portable_kernel<tile_tokens>, blocks, PORTABLE_THREADS, portable_shared_bytes<tile_tokens>(),
                  stream, p);
}
