#include "dispatch/portable.cuh"

#include "dispatch/launch.cuh"
#include "portable/portable_kernel.cuh"

template <int TOKENS>
static cudaError_t run(PortableParameters& p, cudaStream_t stream) {
    const int64_t token_tiles = (p.activations.tokens + TOKENS - 1) / TOKENS;
    if (token_tiles * p.row_tiles > INT32_MAX) {
        return cudaErrorInvalidValue;
    }
    return launch(portable_kernel<TOKENS>, (unsigned)(token_tiles * p.row_tiles), PORTABLE_THREADS,
                  portable_shared_bytes<TOKENS>(), stream, p);
}

cudaError_t mul_mat_portable(const mixllm_cuda_weight& weight, const Activations& activations, float* y,
                             int64_t y_stride, cudaStream_t stream) {
    PortableParameters p;
    p.weight = view_of(weight);
    p.activations = activations;
    p.y = y;
    p.y_stride = y_stride;
    p.row_tiles8 = (int)(round_up(weight.n8, PORTABLE_ROWS) / PORTABLE_ROWS);
    p.row_tiles = p.row_tiles8 + (int)(round_up(weight.n4, PORTABLE_ROWS) / PORTABLE_ROWS);
    return activations.tokens <= 8 ? run<8>(p, stream) : run<64>(p, stream);
}
