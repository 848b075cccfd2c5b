#include "gptq/gptq.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "common/native/workers.h"
#include "gptq/block_quantizer.h"
#include "gptq/outer_products.h"
#include "gptq/row_tile.h"

namespace mixllm {

namespace {

using Tile = OuterTile<float>;

/// A tile and its place among those that wait for each other.
struct PlacedTile {
    RowTile tile;
    size_t place;          ///< tiles of its chain before it, which lie before it in memory
    const float* feedback; ///< see `RowChain::Tile`; null for the first of a chain
};

RowTile make_tile(std::vector<size_t> rows, bool is_8bit, size_t inputs, size_t blocks) {
    return {std::move(rows), is_8bit, std::vector<Lanes>(inputs), std::vector<Lanes>(inputs),
            std::vector<TileGrid>(blocks)};
}

/// The linear's rows cut into tiles of one width each.
std::vector<PlacedTile> cut(const std::vector<uint8_t>& is_8bit, size_t inputs, size_t blocks,
                            const std::vector<RowChain>& chains) {
    std::vector<PlacedTile> tiles;
    for (const RowChain& chain : chains) {
        for (size_t place = 0; place < chain.tiles().size(); place++) {
            const RowChain::Tile& own = chain.tiles()[place];
            tiles.push_back({make_tile(own.rows, own.is_8bit, inputs, blocks), place, own.feedback.data()});
        }
    }
    if (chains.empty()) {
        std::vector<size_t> rows(is_8bit.size());
        std::iota(rows.begin(), rows.end(), size_t{0});
        for (TileRows& tile : cut_into_tiles(rows, is_8bit)) {
            tiles.push_back({make_tile(std::move(tile.rows), tile.is_8bit, inputs, blocks), 0, nullptr});
        }
    }
    return tiles;
}

/// The block's columns of the tile's rows of `weights`, `[rows][inputs]`.
void gather(const float* weights, size_t inputs, const RowTile& tile, const HessianFactor::Block& block,
            BlockLanes& out) {
    for (size_t lane = 0; lane < tile_rows; lane++) {
        const size_t row = tile.rows[std::min(lane, tile.rows.size() - 1)];
        const float* source = weights + row * inputs + block.input;
        for (size_t c = 0; c < block.size; c++) {
            out[c][lane] = source[c];
        }
    }
}

/// out[c] += sum over i < depth of panel[i][c] * rows[i], for all of a block's columns.
void multiply_panel(const float* panels, size_t panel_step, size_t depth, size_t size, const Lanes* rows,
                    BlockLanes& out) {
    for (size_t c = 0; c < size; c += Tile::rows) {
        for (size_t lane = 0; lane < tile_rows; lane += Tile::columns) {
            Tile::accumulate(depth, panels + c / Tile::rows * panel_step, Tile::rows, rows[0].data() + lane, tile_rows,
                             1.0f, out[c].data() + lane, tile_rows);
        }
    }
}

/// Adds what the errors of the tiles before in the chain ask of a tile's rows to the block's columns.
void feed_rows(const PlacedTile* own, const HessianFactor::Block& block, BlockLanes& out) {
    const float* feedback = own->feedback;
    for (const PlacedTile* before = own - own->place; before != own; before++) {
        const size_t rows = before->tile.rows.size();
        for (size_t c = 0; c < block.size; c += Tile::rows) {
            for (size_t lane = 0; lane < tile_rows; lane += Tile::columns) {
                Tile::accumulate(rows, before->tile.error[block.begin + c].data(), 1, feedback + lane, tile_rows, 1.0f,
                                 out[c].data() + lane, tile_rows, tile_rows);
            }
        }
        feedback += rows * tile_rows;
    }
}

void keep(RowTile& tile, size_t block_index, const HessianFactor::Block& block, const BlockQuantizer::Result& result) {
    tile.grids[block_index] = result.grid;
    std::copy_n(result.integer.begin(), block.size, tile.integer.begin() + static_cast<std::ptrdiff_t>(block.begin));
    std::copy_n(result.error.begin(), block.size, tile.error.begin() + static_cast<std::ptrdiff_t>(block.begin));
}

} // namespace

QuantizedLinear gptq(const float* weights, const std::vector<uint8_t>& is_8bit, const HessianFactor& factor,
                     const std::vector<RowChain>& chains, const ClipSearch& search, const Workers& workers) {
    const size_t inputs = factor.inputs();
    const std::vector<HessianFactor::Block>& blocks = factor.blocks();
    std::vector<PlacedTile> tiles = cut(is_8bit, inputs, blocks.size(), chains);
    size_t places = 0;
    for (const PlacedTile& placed : tiles) {
        places = std::max(places, placed.place + 1);
    }

    // A block of a tile waits for the block before it and for the same block of the tiles before in its chain.
    for (size_t wave = 0; wave < blocks.size() + places - 1; wave++) {
        std::vector<PlacedTile*> ready;
        for (PlacedTile& placed : tiles) {
            if (placed.place <= wave && wave - placed.place < blocks.size()) {
                ready.push_back(&placed);
            }
        }
        workers.for_each(ready.size(), [&](size_t t) {
            RowTile& tile = ready[t]->tile;
            const size_t b = wave - ready[t]->place;
            const HessianFactor::Block& block = blocks[b];
            const size_t panel_step = (block.begin + block.size) * Tile::rows;
            const auto target = std::make_unique<BlockLanes>();
            const auto adjusted = std::make_unique<BlockLanes>();
            const auto result = std::make_unique<BlockQuantizer::Result>();
            gather(weights, inputs, tile, block, *target);
            feed_rows(ready[t], block, *target);
            *adjusted = *target;
            multiply_panel(factor.panel(b, 0), panel_step, block.begin, block.size, tile.error.data(), *adjusted);
            const BlockQuantizer quantizer(factor.panel(b, 0) + block.begin * Tile::rows, panel_step, factor.pivots(b),
                                           block.size, tile.is_8bit);
            quantizer.search(*target, *adjusted, search, *result);
            keep(tile, b, block, *result);
        });
    }

    QuantizedLinear out(is_8bit, inputs);
    const std::vector<size_t> position = QuantizedLinear::positions(is_8bit);
    const size_t groups = blocks.size();
    workers.for_each(tiles.size(), [&](size_t t) {
        const RowTile& tile = tiles[t].tile;
        for (size_t lane = 0; lane < tile.rows.size(); lane++) {
            const size_t row = tile.rows[lane];
            const size_t at = position[row];
            for (size_t b = 0; b < groups; b++) {
                const HessianFactor::Block& block = blocks[b];
                const TileGrid& grid = tile.grids[b];
                const size_t group = block.input / block_size;
                if (tile.is_8bit) {
                    out.rows8.scale_half[at * groups + group] = grid.scale_half[lane];
                } else {
                    out.rows4.scale_half[at * groups + group] = grid.scale_half[lane];
                    out.rows4.zero[at * groups + group] = static_cast<uint8_t>(grid.zero[lane]);
                }
                for (size_t c = 0; c < block.size; c++) {
                    const float q = tile.integer[block.begin + c][lane];
                    const size_t input = block.input + c;
                    out.values[row * inputs + input] = (q - grid.zero[lane]) * grid.scale[lane];
                    if (tile.is_8bit) {
                        out.rows8.q[at * inputs + input] = static_cast<int8_t>(q);
                    } else {
                        out.rows4.q[at * inputs + input] = static_cast<uint8_t>(q);
                    }
                }
            }
        }
    });
    return out;
}

} // namespace mixllm
