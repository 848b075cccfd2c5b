#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

// How the tiles of one product are dealt to the blocks of one launch ("stream-k"). With B blocks resident at a time:
//
//     tile 0 .. whole_tiles-1                      block i computes tiles i, i + B, i + 2B, ... whole
//     tile whole_tiles .. whole_tiles+split_tiles  the split_tiles * groups group steps of what is left, fewer tiles
//     than
//                                                  blocks, are cut into `sharers` equal runs, one a block
//
// so that every block has the same work. A block that does not do all groups of a tile leaves its sums in the
// workspace; the combining kernel adds them, groups ascending.
struct TilePlan {
    int row_tiles8; // of the 8-bit rows; these come first
    int row_tiles;
    int token_tiles;
    int groups;
    int blocks;
    int whole_tiles;
    int split_tiles;
    int sharers;
    int run;    // split_tiles * groups / sharers
    int longer; // split_tiles * groups % sharers

    // Whether the combining kernel and a workspace are needed.
    __host__ __device__ bool splits() const { return sharers > split_tiles; }

    // The first group step of sharer `i`; step s is group s % groups of tile whole_tiles + s / groups. The first
    // `longer` runs have one step more than the others.
    __host__ __device__ int first_step(int i) const { return i * run + (i < longer ? i : longer); }

    // The sharer that does step `s`.
    __host__ __device__ int sharer_of(int s) const {
        const int in_longer = longer * (run + 1);
        return s < in_longer ? s / (run + 1) : longer + (s - in_longer) / run;
    }

    // Where sharer `i` leaves its sums of a tile it does only in part: it has at most one whose first group is
    // another's and one that it starts and does not finish.
    static __host__ __device__ int slot(int i, bool starts_tile) { return 2 * i + (starts_tile ? 1 : 0); }
    __host__ __device__ int slots() const { return splits() ? 2 * sharers : 0; }
};

// Groups first..last-1 of a tile, which one block does.
struct TileWork {
    int tile, first, last;
};

// Walks a block through its work.
class TileSchedule {
public:
    __device__ __forceinline__ TileSchedule(const TilePlan& plan, int block) : plan(plan), whole(block) {
        const bool shares = block < plan.sharers;
        step = shares ? plan.first_step(block) : 0;
        end = shares ? plan.first_step(block + 1) : 0;
    }

    // False when there is no more.
    __device__ __forceinline__ bool next(TileWork& work) {
        work = {whole, 0, plan.groups};
        if (whole < plan.whole_tiles) {
            whole += plan.blocks;
            return true;
        }
        if (step >= end) {
            return false;
        }
        const int tile = step / plan.groups;
        work.tile = plan.whole_tiles + tile;
        work.first = step - tile * plan.groups;
        work.last = min(plan.groups, work.first + end - step);
        step += work.last - work.first;
        return true;
    }

private:
    const TilePlan& plan;
    int whole;     // the next whole tile
    int step, end; // of this block's run
};

struct TilePosition {
    int row_tile;
    int token_tile;
};

// Tiles that share weights follow each other, in bands of 8 token tiles so that a band's activations stay in L2.
__host__ __device__ inline TilePosition tile_position(const TilePlan& plan, int tile) {
    const int band_width = 8;
    const int band = tile / (band_width * plan.row_tiles);
    const int in_band = tile - band * band_width * plan.row_tiles;
    const int left = plan.token_tiles - band * band_width;
    const int width = left < band_width ? left : band_width;
    return {in_band / width, band * band_width + in_band % width};
}
