#pragma once

#include "gptq/clip_search.h"
#include "gptq/row_tile.h"

namespace mixllm {

/**
 * Quantizes one block of columns of a tile, feeding each column's error into those after it.
 *
 * The block is given by its share of H = U D U^T: see `HessianFactor`.
 */
class BlockQuantizer {
public:
    /**
     * @param panels U of the block's columns within the block, packed as `HessianFactor::panel` packs it
     * @param panel_step floats between the packed tiles of columns
     * @param pivots D of the block's columns
     */
    BlockQuantizer(const float* panels, size_t panel_step, const float* pivots, size_t size, bool is_8bit);

    /// What quantizing gave; columns past the block's size are unspecified.
    struct Result {
        BlockLanes error;
        BlockLanes integer;
        TileGrid grid;
        Lanes loss; ///< sum over columns of D r^2
    };

    /**
     * Tries shares of the range that the block's columns would have unrounded as the grid's range and keeps each row's
     * best.
     *
     * @param weights what the rows should be
     * @param adjusted `weights` plus what earlier blocks' errors ask of this one
     * @throws ScaleRangeError when no share gives a scale that fits half precision
     */
    void search(const BlockLanes& weights, const BlockLanes& adjusted, const ClipSearch& shares, Result& result) const;

private:
    template <bool keep>
    void run(const BlockLanes& weights, const BlockLanes& adjusted, const TileGrid& grid, Result& result) const;

    /// What each column would become if none were rounded, as the smallest and largest of each row, and 0.
    void unrounded_range(const BlockLanes& weights, const BlockLanes& adjusted, BlockLanes& error, Lanes& low,
                         Lanes& high) const;

    /// The grids of the ranges from `low` to `high`; of 8-bit rows the larger counts.
    TileGrid grid(const Lanes& low, const Lanes& high) const;

    const float* panels_;
    size_t panel_step_;
    const float* pivots_;
    size_t size_;
    bool is_8bit_;
};

} // namespace mixllm
