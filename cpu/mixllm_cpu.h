// The CPU kernels of MixLLM: y = W x for one mixed 4-bit/8-bit linear weight, computed in int8.
//
// Nothing here knows of ggml. A caller that owns a thread pool runs, on every one of its `threads` threads,
//   mixllm_cpu_quantize(...)   then a barrier, then   mixllm_cpu_mul_mat(...)   with the same `tokens`,
// or, where each token goes to some of many weights (a mixture of experts),
//   mixllm_cpu_route(...)      then a barrier, then   mixllm_cpu_mul_mat_experts(...)   with the same routing.
//
// Definition. Per token and group of 128 inputs (the last group may be short), in float32 unless said otherwise:
//   amax = max |x|;  a = amax / 127, correctly rounded;  s_x = a with the two lowest bits of its significand cleared
//   (truncated to 22 significant bits: as bits, a & 0xFFFFFFFC);
//   x_q  = x / s_x, correctly rounded, then rounded half to even and clamped to -127..127.
//   Where s_x would be below 2^-126 (subnormal or zero): s_x = 0 and every x_q = 0.
//   Where the group holds an infinity or a NaN: s_x = NaN and every x_q = 0, so that every y of that token is NaN.
// Then, over the groups g in ascending order, starting from y = 0:
//   S = sum (q[n] - z[n]) * x_q        exact in int32, |S| < 2^22 (z = 0 in 8-bit rows)
//   t = S * s_x                        rounded to float32 (or fma(B + S, s_x, -B * s_x), B = 12582912: the same float)
//   y = fma(t, s_w[n], y)              rounded once
// Every path here performs exactly these operations on each output, so results do not depend, to the last bit, on the
// instruction set, the number of threads, or how many tokens are computed together.

#pragma once

#include "../common/format/mixllm_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef MIXLLM_CPU_SHARED
#    pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

// One weight of N output channels and K inputs, its components laid out as in the file (format: docs/format.md).
// Groups G = ceil(K / 128); K is a multiple of 32; n4 + n8 = N; n4 and n8 are multiples of 16 and may be 0 (the
// pointers of an empty part are null).
struct mixllm_cpu_weight {
    int64_t n_inputs;         // K
    int64_t n4;               // number of 4-bit output channels
    int64_t n8;               // number of 8-bit output channels
    const uint8_t* w4;        // [n4][K/2], within each 32 inputs byte i holds q[i] low, q[i+16] high
    const uint16_t* w4_scale; // [G][n4] binary16
    const uint8_t* w4_zero;   // [G][n4/2], channel 2i in the low, 2i+1 in the high nibble
    const int8_t* w8;         // [n8][K]
    const uint16_t* w8_scale; // [G][n8] binary16
    const int32_t* rows;      // [N] output channel of each stored row, a permutation of 0..N-1
    bool tiled;               // whether all components but rows are in the form of mixllm_cpu_tile
};

// Bytes needed for the quantized form of `tokens` activation rows of `n_inputs` each.
size_t mixllm_cpu_activation_bytes(int64_t n_inputs, int64_t tokens);

// Quantizes this thread's share of `tokens` rows of float32 activations into `activations`
// (mixllm_cpu_activation_bytes long, 64-byte aligned). Row t starts at x + t * x_stride floats.
// The result serves every weight with the same n_inputs.
void mixllm_cpu_quantize(const float* x, int64_t x_stride, int64_t n_inputs, int64_t tokens, void* activations,
                         int thread, int threads);

// Computes this thread's share of y[t][rows[i]], t < tokens. Row t of y starts at y + t * y_stride floats.
// `activations` must be complete (all threads past mixllm_cpu_quantize) before the first call; `tokens` is the number
// they were quantized with.
void mixllm_cpu_mul_mat(const struct mixllm_cpu_weight* weight, const void* activations, int64_t tokens, float* y,
                        int64_t y_stride, int thread, int threads);

// A stack of E weights ("experts") of the same N and K, whose numbers of 4-bit channels may differ. Each component
// holds what mixllm_cpu_weight says of one expert, expert after expert.
struct mixllm_cpu_experts {
    int64_t n_inputs;       // K
    int64_t n_outputs;      // N
    int64_t n_experts;      // E
    const int32_t* offsets; // [E + 1] number of 4-bit channels of all experts before this one; multiples of 16
    const uint8_t* w4;
    const uint16_t* w4_scale;
    const uint8_t* w4_zero;
    const int8_t* w8;
    const uint16_t* w8_scale;
    const int32_t* rows; // [E][N]
    bool tiled;
};

// Which experts multiply which rows of x: each token has `slots` of them, slot s is computed by expert
//   ids[token * ids_token_stride + s * ids_slot_stride]   from the row of x at
//   x + token * x_token_stride + (s % x_slots) * x_slot_stride   (floats).
// Any pattern will do: an expert may be chosen by no slot, by all, by several of one token. An id outside 0..E-1 is no
// expert's: every y of its slot is NaN.
struct mixllm_cpu_routing {
    int64_t n_experts;
    int64_t tokens;
    int64_t slots;
    const int32_t* ids;
    int64_t ids_token_stride;
    int64_t ids_slot_stride;
    const float* x;
    int64_t x_slots; // rows of x a token has: 1 where its slots share one, or a divisor of `slots`
    int64_t x_token_stride;
    int64_t x_slot_stride;
};

// Bytes of work memory for one routing of x with `n_inputs` and so many threads.
size_t mixllm_cpu_route_bytes(const struct mixllm_cpu_routing* routing, int64_t n_inputs, int threads);

// This thread's share of quantizing each row of x once and of ordering the slots by expert, into `work`
// (mixllm_cpu_route_bytes long, 64-byte aligned). The result serves every stack of experts with the same n_inputs and
// n_experts.
void mixllm_cpu_route(const struct mixllm_cpu_routing* routing, int64_t n_inputs, void* work, int thread, int threads);

// Computes this thread's share of y, the row of slot s of a token at y + token * y_token_stride + s * y_slot_stride
// (floats), by the definition above. `work` must be complete (all threads past mixllm_cpu_route) before the first call;
// routing and threads are those it was made with.
void mixllm_cpu_mul_mat_experts(const struct mixllm_cpu_experts* experts, const struct mixllm_cpu_routing* routing,
                                void* work, float* y, int64_t y_token_stride, int64_t y_slot_stride, int thread,
                                int threads);

// Whether weights are computed faster from the tiled form on this machine. If so, a caller that copies weights into
// memory of its own should tile them on the way; from the file's layout they are computed without a copy.
bool mixllm_cpu_gains_by_tiles(void);

// Rearranges one component, any but rows, of `n_rows` rows (of its bit-width) into the order in which this machine's
// kernels read it, a tile of 16 rows after another. Both forms have the same size; `to` is 64-byte aligned. Of w4 and
// w8 any rows can be rearranged on their own, in scales and zero points all rows of a weight stand together. The tiled
// form depends on the instruction set: it must not leave the process.
void mixllm_cpu_tile(enum mixllm_component component, const void* from, void* to, int64_t n_rows, int64_t n_inputs);

// Memory for tiled weights, aligned to and, where the system can, made of huge pages; null when there is none.
void* mixllm_cpu_allocate(size_t bytes);
void mixllm_cpu_free(void* memory);

// Name of the instruction set chosen on this machine: "avx512-vnni", "avx-vnni", "avx2", "neon-i8mm", "neon-dotprod",
// "portable". The environment variable MIXLLM_CPU_ISA forces a lesser one the machine can run.
const char* mixllm_cpu_isa(void);

#ifdef __cplusplus
}
#endif

#ifdef MIXLLM_CPU_SHARED
#    pragma GCC visibility pop
#endif
