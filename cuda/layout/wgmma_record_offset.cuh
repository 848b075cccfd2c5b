#pragma once

#include <cuda_runtime.h>

// Where in a record of WgmmaActivations 32-bit word `word` (0..31, inputs 4 word.. of the group) of a token lies.
//
// Step k of the MMA takes words 8k to 8k + 7 of a token, two chunks of 16 bytes. As the weights come in the order of
// RowPair, the word of inputs 32t + 16h + 4k.. belongs into step k, chunk h, word t. Chunks are swizzled as wgmma reads
// them.
__host__ __device__ inline int wgmma_record_offset(int token, int word) {
    const int t = word / 8, h = word / 4 % 2, k = word % 4;
    return token * 128 + ((2 * k + h) ^ (token % 8)) * 16 + t * 4;
}
