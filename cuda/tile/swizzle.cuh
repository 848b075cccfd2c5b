#pragma once

#include <cuda_runtime.h>

// Byte offset of 16-byte chunk `chunk` of row `row` in a shared memory tile of ROW_BYTES a row. Chunks are exchanged
// within each 128 bytes so that ldmatrix, which reads one chunk of 8 successive rows at a time, meets every bank once:
//
//     128-byte rows: chunk ^ (row % 8)             64-byte rows, two to 128 bytes: chunk ^ (row / 2 % 4)
template <int ROW_BYTES>
__device__ __forceinline__ int swizzled(int row, int chunk) {
    static_assert(ROW_BYTES == 64 || ROW_BYTES == 128, "a group of 128 inputs takes 64 or 128 bytes a row");
    const int mixed = ROW_BYTES == 128 ? chunk ^ (row & 7) : chunk ^ (row >> 1 & 3);
    return row * ROW_BYTES + mixed * 16;
}

// The offset of chunk c + `chunks` in the row where that of chunk c is `offset`; c and `chunks` have no bit in common.
__device__ __forceinline__ int next_chunk(int offset, int chunks) {
    return offset ^ chunks * 16;
}
