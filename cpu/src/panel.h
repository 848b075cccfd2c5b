#pragma once

#include "../../common/format/mixllm_format.h"

#include <stdint.h>

// One group of a tile of 16 rows, rearranged so that a vector register holds four inputs of each row. Integer values
// are unsigned: S = sum q * x - zero * sum x for both bit-widths, an 8-bit weight w being kept as q = w + 128.
struct alignas(64) PanelGroup {
    float scale[MIXLLM_ROW_TILE];
    int32_t zero[MIXLLM_ROW_TILE];
    uint32_t (*q)[MIXLLM_ROW_TILE]; // [words][row], 64-byte aligned; in a tiled weight, the weight's own memory
    int blocks;                     // of 32 inputs: 4, or fewer in a short last group, whose other words are not there
};

// 4-bit rows: word [j][row] has inputs j / 4 * 32 + j % 4 * 4 + (0..3) in its low nibbles, those + 16 in its high ones.
struct PanelGroup4 : PanelGroup {
    static constexpr int words = 16;
};

// 8-bit rows: word [j][row] has inputs j * 4 + (0..3).
struct PanelGroup8 : PanelGroup {
    static constexpr int words = 32;
};
