#include "share_of_thread.h"

#include "panel.h"

// Bytes of one tile of 16 rows, components included.
static int64_t tile_bytes4(int64_t n_inputs) {
    return MIXLLM_ROW_TILE * n_inputs / 2 + mixllm_groups(n_inputs) * (MIXLLM_ROW_TILE * 2 + MIXLLM_ROW_TILE / 2);
}

static int64_t tile_bytes8(int64_t n_inputs) {
    return MIXLLM_ROW_TILE * n_inputs + mixllm_groups(n_inputs) * MIXLLM_ROW_TILE * 2;
}

// The first tiles of thread `thread`: 8-bit tiles shared out evenly, then 4-bit tiles so that the bytes come out even.
static void boundary(const mixllm_cpu_weight& weight, int thread, int threads, int64_t* tile4, int64_t* tile8) {
    const int64_t tiles4 = weight.n4 / MIXLLM_ROW_TILE;
    const int64_t tiles8 = weight.n8 / MIXLLM_ROW_TILE;
    const int64_t bytes4 = tile_bytes4(weight.n_inputs);
    const int64_t bytes8 = tile_bytes8(weight.n_inputs);
    *tile8 = tiles8 * thread / threads;
    const int64_t wanted = (tiles4 * bytes4 + tiles8 * bytes8) / threads * thread;
    const int64_t rest = wanted - *tile8 * bytes8;
    const int64_t tile = rest <= 0 ? 0 : (rest + bytes4 / 2) / bytes4;
    *tile4 = thread == threads || tile > tiles4 ? tiles4 : tile;
}

Share share_of_thread(const mixllm_cpu_weight& weight, int thread, int threads) {
    Share share;
    boundary(weight, thread, threads, &share.first4, &share.first8);
    boundary(weight, thread + 1, threads, &share.last4, &share.last8);
    return share;
}
