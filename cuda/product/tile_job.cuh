#pragma once

#include <cuda_runtime.h>

// What a block computes at a time: rows from first_row on, among those of 8 or of 4 bits of a weight, for the tokens
// first_token..last_token-1, of which a tile may have more; and where a tile is done in part, of the groups
// first_group..last_group-1.
struct TileJob {
    bool is8;
    int first_row;
    int first_token, last_token;
    int first_group, last_group;
};

// row_tiles8: how many tiles the 8-bit rows have; these come first, as they take longest.
template <int ROWS, int TOKENS>
__device__ __forceinline__ TileJob tile_job(int row_tile, int row_tiles8, int token_tile, int last_token) {
    const bool is8 = row_tile < row_tiles8;
    return {is8, (is8 ? row_tile : row_tile - row_tiles8) * ROWS, token_tile * TOKENS, last_token, 0, 0};
}
