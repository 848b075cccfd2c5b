#include "dispatch/decode.cuh"

#include "decode/decode_dp4a_input.cuh"
#include "decode/decode_kernel.cuh"
#include "decode/decode_mma_input.cuh"
#include "dispatch/launch.cuh"

cudaError_t mul_mat_decode(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                           const Activations& activations, float* y, int64_t y_stride, cudaStream_t stream) {
    DecodeParameters p;
    p.weight = view_of(weight);
    p.activations = activations;
    p.y = y;
    p.y_stride = y_stride;
    p.row_tiles8 = (int)(weight.n8 / DECODE_ROWS);
    const unsigned blocks = (unsigned)((weight.n4 + weight.n8) / DECODE_ROWS);
    const auto kernel = device.architecture < 80 ? decode_kernel<DecodeDp4aInput> : decode_kernel<DecodeMmaInput>;
    return launch(device, kernel, blocks, DECODE_WARPS * 32, decode_shared_bytes(), stream, p);
}
