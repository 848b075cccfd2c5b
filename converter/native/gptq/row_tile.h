#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mixllm {

/// Rows that are quantized side by side, one per vector lane; a multiple of every register tile's width.
constexpr size_t tile_rows = 32;

/// One number per row of a tile.
using Lanes = std::array<float, tile_rows>;

/// A column block of a tile, `[column][row]`.
using BlockLanes = std::array<Lanes, 128>;

/// Per row, the grid of one group.
struct TileGrid {
    Lanes scale;
    Lanes zero;
    std::array<uint16_t, tile_rows> scale_half;
};

/// Up to 32 rows of one width.
struct TileRows {
    std::vector<size_t> rows; ///< of the weight
    bool is_8bit;
};

/**
 * Cuts rows of a weight into tiles of one width each, those of 4 bits first, in their order.
 *
 * @param is_8bit one byte a row of the weight, nonzero for 8 bits
 */
inline std::vector<TileRows> cut_into_tiles(const std::vector<size_t>& rows, const std::vector<uint8_t>& is_8bit) {
    std::vector<TileRows> tiles;
    for (const bool wide : {false, true}) {
        size_t count = 0;
        for (const size_t row : rows) {
            if ((is_8bit[row] != 0) == wide) {
                if (count++ % tile_rows == 0) {
                    tiles.push_back({{}, wide});
                }
                tiles.back().rows.push_back(row);
            }
        }
    }
    return tiles;
}

/// Up to 32 rows of one width and what is known of them so far, columns in the factor's order.
struct RowTile {
    std::vector<size_t> rows; ///< rows of the weight; lanes past the last repeat it
    bool is_8bit;
    std::vector<Lanes> error;    ///< per column: weight minus its quantized value
    std::vector<Lanes> integer;  ///< per column
    std::vector<TileGrid> grids; ///< per block
};

} // namespace mixllm
