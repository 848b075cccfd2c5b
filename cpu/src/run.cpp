#include "run.h"

#include "panel.h"
#include "share_of_thread.h"

#include <cstring>

void quantize_with(const KernelSet& kernels, const float* x, int64_t x_stride, int64_t n_inputs, int64_t tokens,
                   void* activations, int thread, int threads) {
    const Activations a = activations_layout(n_inputs, tokens, activations);
    // A cell is one group of one block of tokens: no two threads write to one cache line of q.
    const int64_t cells = a.groups * block_count(tokens);
    const int64_t first = cells * thread / threads;
    const int64_t last = cells * (thread + 1) / threads;
    for (int64_t i = first; i < last; i++) {
        const int64_t block = i / a.groups;
        const int64_t group = i % a.groups;
        const int64_t input = group * MIXLLM_GROUP_SIZE;
        const int64_t left = n_inputs - input;
        const int64_t n = left < (int64_t)MIXLLM_GROUP_SIZE ? left : (int64_t)MIXLLM_GROUP_SIZE;
        const ActivationCell cell = activation_cell(a, block, group);
        const int width = block_tokens(a, block);
        alignas(64) int8_t q[MIXLLM_BLOCK_TOKENS][MIXLLM_GROUP_SIZE];
        const int8_t* rows[MIXLLM_BLOCK_TOKENS];
        for (int t = 0; t < width; t++) {
            const float* from = x + (block * MIXLLM_BLOCK_TOKENS + t) * x_stride + input;
            kernels.quantize_group(from, n, width == 1 ? cell.q : q[t], cell.scale + t, cell.sum + t);
            rows[t] = q[t];
        }
        if (width > 1) {
            kernels.interleave(rows, width, cell.q);
        }
    }
}

void mul_mat_with(const KernelSet& kernels, const mixllm_cpu_weight& weight, const void* activations, int64_t tokens,
                  float* y, int64_t y_stride, int thread, int threads) {
    const Activations a = activations_layout(weight.n_inputs, tokens, const_cast<void*>(activations));
    kernels.mul_mat(weight, a, {y, y_stride, nullptr}, share_of_thread(weight, thread, threads));
}

// [groups][rows] items of a tile's group become [tile][group]: `bytes` for each 16 rows of a group.
static void tile_groups(const char* from, char* to, int64_t n_rows, int64_t groups, size_t bytes) {
    const int64_t tiles = n_rows / MIXLLM_ROW_TILE;
    for (int64_t group = 0; group < groups; group++) {
        for (int64_t tile = 0; tile < tiles; tile++) {
            std::memcpy(to + (size_t)(tile * groups + group) * bytes, from + (size_t)(group * tiles + tile) * bytes,
                        bytes);
        }
    }
}

void tile_with(const KernelSet& kernels, mixllm_component component, const void* from, void* to, int64_t n_rows,
               int64_t n_inputs) {
    mixllm_cpu_weight weight = {};
    weight.n_inputs = n_inputs;
    const int64_t groups = mixllm_groups(n_inputs);
    switch (component) {
    case MIXLLM_W4:
        weight.n4 = n_rows;
        weight.w4 = (const uint8_t*)from;
        kernels.tile_rows(weight, (uint8_t*)to);
        break;
    case MIXLLM_W8:
        weight.n8 = n_rows;
        weight.w8 = (const int8_t*)from;
        kernels.tile_rows(weight, (uint8_t*)to);
        break;
    case MIXLLM_W4_SCALE:
    case MIXLLM_W8_SCALE:
        tile_groups((const char*)from, (char*)to, n_rows, groups, MIXLLM_ROW_TILE * sizeof(uint16_t));
        break;
    case MIXLLM_W4_ZERO:
        tile_groups((const char*)from, (char*)to, n_rows, groups, MIXLLM_ROW_TILE / 2);
        break;
    case MIXLLM_ROWS:
    case MIXLLM_COMPONENTS:
        break;
    }
}
