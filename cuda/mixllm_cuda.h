// The CUDA kernels of MixLLM: y = W x for one mixed 4-bit/8-bit linear weight, computed in int8.
//
// Nothing here knows of ggml. A caller runs, on one stream and in this order,
//   mixllm_cuda_quantize(...)  once for each distinct x, then
//   mixllm_cuda_mul_mat(...)   for every weight that reads that x,
// or, where each token goes to some of many weights (a mixture of experts),
//   mixllm_cuda_route(...)            once for each distinct choice of experts,
//   mixllm_cuda_quantize_routed(...)  once for each distinct x that goes to them, then
//   mixllm_cuda_mul_mat_experts(...)  for every stack of experts that reads that x.
// Nothing here allocates, synchronizes or keeps state: every call only puts kernels on the stream, so all of it can be
// captured into a CUDA graph and run on several streams, as long as each call in flight has its own workspace.
// On architecture 90 and later a kernel may read its weight while the kernel before it on the stream is still running:
// weights are written by copies, or by kernels that are over. For everything else the stream's order holds.
//
// Definition: the one of cpu/mixllm_cpu.h, operation by operation. Two things differ from it:
//   - Float sums may be taken in another order: the decode kernel (1 to 8 tokens, few
//     slots of each expert) adds up 2 to 8 partial sums a channel, and tiles that share a channel's groups add up one
//     partial sum each. Within a partial sum the groups ascend. The order depends on the shape and the device, never on
//     timing: results are reproducible.
//   - On architecture 80 and later, a group whose s_x is 2^104 or more (activations beyond 2.5e33) may give an infinity
//     or a NaN where the definition gives a finite y.

#pragma once

#include "../common/format/mixllm_format.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What the kernels need to know of the GPU they run on.
struct mixllm_cuda_device {
    int architecture;    // of the compiled code that runs there, for example 75, 80, 89, 90: not above the GPU's own
    int multiprocessors; // cudaDevAttrMultiProcessorCount
    bool has_wgmma;      // the GPU has compute capability 9.0 and the code was compiled for sm_90a as well
};

// One weight of N output channels and K inputs; all pointers are device memory aligned to 16 bytes (format:
// docs/format.md). Groups G = ceil(K / 128); K is a multiple of 32; n4 + n8 = N; n4 and n8 are multiples of 16 and may
// be 0 (the pointers of an empty part are ignored).
struct mixllm_cuda_weight {
    int64_t n_inputs;         // K
    int64_t n4;               // number of 4-bit output channels
    int64_t n8;               // number of 8-bit output channels
    const uint8_t* w4;        // [n4][K/2], within each 32 inputs byte i holds q[i] low, q[i+16] high
    const uint16_t* w4_scale; // [G][n4] binary16
    const uint8_t* w4_zero;   // [G][n4/2], channel 2i in the low, 2i+1 in the high nibble
    const int8_t* w8;         // [n8][K]
    const uint16_t* w8_scale; // [G][n8] binary16
    const int32_t* rows;      // [N] output channel of each stored row, a permutation of 0..N-1
};

// Rows of float32 activations, n_inputs contiguous floats each, in up to three dimensions. Token (i, j, k), at
// x + i * stride[0] + j * stride[1] + k * stride[2] floats, is number i + size[0] * (j + size[1] * k).
struct mixllm_cuda_input {
    const float* x; // device memory
    int64_t size[3];
    int64_t stride[3];
};

// Bytes of the quantized form of `tokens` activation rows of `n_inputs` each.
size_t mixllm_cuda_activation_bytes(const struct mixllm_cuda_device* device, int64_t n_inputs, int64_t tokens);

// Quantizes all size[0] * size[1] * size[2] tokens of `input` into `activations` (mixllm_cuda_activation_bytes long,
// device memory aligned to 256 bytes). The result serves every weight with the same n_inputs, on the same device.
cudaError_t mixllm_cuda_quantize(const struct mixllm_cuda_device* device, const struct mixllm_cuda_input* input,
                                 int64_t n_inputs, void* activations, cudaStream_t stream);

// Bytes of workspace mixllm_cuda_mul_mat needs for `tokens` tokens; often 0.
size_t mixllm_cuda_workspace_bytes(const struct mixllm_cuda_device* device, const struct mixllm_cuda_weight* weight,
                                   int64_t tokens);

// Computes y[t][rows[i]] for every token t and stored row i; row t of y starts at y + t * y_stride floats.
// `activations` holds exactly `tokens` tokens of weight->n_inputs inputs, quantized for the same device. `workspace`
// (aligned to 256 bytes, null where mixllm_cuda_workspace_bytes is 0) must not be touched until the stream has passed
// this call. Returns cudaErrorInvalidValue for a shape outside the format or more than 2^24 tokens, channels or
// inputs.
cudaError_t mixllm_cuda_mul_mat(const struct mixllm_cuda_device* device, const struct mixllm_cuda_weight* weight,
                                const void* activations, int64_t tokens, float* y, int64_t y_stride, void* workspace,
                                cudaStream_t stream);

// A stack of E weights ("experts") of the same N and K, whose numbers of 4-bit channels may differ. Each component
// holds what mixllm_cuda_weight says of one expert, expert after expert. Device memory aligned to 16 bytes, all of it.
struct mixllm_cuda_experts {
    int64_t n_inputs;       // K
    int64_t n_outputs;      // N
    int64_t n_experts;      // E, no more than MIXLLM_CUDA_MAX_EXPERTS; E * N is at most 2^24
    const int32_t* offsets; // [E + 1] number of 4-bit channels of all experts before this one; multiples of 16
    const uint8_t* w4;
    const uint16_t* w4_scale;
    const uint8_t* w4_zero;
    const int8_t* w8;
    const uint16_t* w8_scale;
    const int32_t* rows; // [E][N]
};

enum { MIXLLM_CUDA_MAX_EXPERTS = 4095 };

// Which experts the tokens choose: each token has `slots`, and slot s is computed by expert
//   ids[token * token_stride + s * slot_stride].
// Any pattern will do: an expert may be chosen by no slot, by all, by several of one token. An id outside 0..E-1 is no
// expert's: every y of its slot is NaN. The ids are read on the device alone.
struct mixllm_cuda_choice {
    int64_t n_experts; // E
    int64_t tokens;
    int64_t slots;
    const int32_t* ids; // device memory
    int64_t token_stride;
    int64_t slot_stride;
};

// Bytes of the order that mixllm_cuda_route makes.
size_t mixllm_cuda_route_bytes(const struct mixllm_cuda_device* device, const struct mixllm_cuda_choice* choice);

// Orders the slots by expert, into `route` (mixllm_cuda_route_bytes long, device memory aligned to 256 bytes). The
// result serves every x and every stack of E experts that this choice is for, on the same device.
cudaError_t mixllm_cuda_route(const struct mixllm_cuda_device* device, const struct mixllm_cuda_choice* choice,
                              void* route, cudaStream_t stream);

// Bytes of the quantized form of activation rows of `n_inputs` each for the slots of `choice`.
size_t mixllm_cuda_routed_activation_bytes(const struct mixllm_cuda_device* device,
                                           const struct mixllm_cuda_choice* choice, int64_t n_inputs);

// Quantizes `input` into `activations` (mixllm_cuda_routed_activation_bytes long, device memory aligned to 256 bytes).
// A token has size[0] rows, which divides choice->slots, and slot s reads number s % size[0] of them; size[1] is
// choice->tokens, size[2] is 1. The result serves every stack with the same n_inputs.
cudaError_t mixllm_cuda_quantize_routed(const struct mixllm_cuda_device* device,
                                        const struct mixllm_cuda_choice* choice, const void* route,
                                        const struct mixllm_cuda_input* input, int64_t n_inputs, void* activations,
                                        cudaStream_t stream);

// Computes y of every slot by its expert, as mixllm_cuda_mul_mat would; the row of slot s of a token starts at
// y + (token * choice->slots + s) * y_stride floats. Returns cudaErrorInvalidValue for what the format, or the limits
// above, do not allow, or for more than 2^24 slots.
cudaError_t mixllm_cuda_mul_mat_experts(const struct mixllm_cuda_device* device,
                                        const struct mixllm_cuda_experts* experts,
                                        const struct mixllm_cuda_choice* choice, const void* route,
                                        const void* activations, float* y, int64_t y_stride, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
