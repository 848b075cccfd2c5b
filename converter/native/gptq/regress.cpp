#include "gptq/gptq.h"

#include <algorithm>
#include <vector>

#include "common/native/workers.h"
#include "gptq/outer_products.h"
#include "gptq/row_tile.h"

namespace mixllm {

namespace {

using Tile = OuterTile<float>;

/// Element (i, c) of U, c counted within the block.
float element(const HessianFactor& factor, size_t b, size_t i, size_t c) {
    return factor.panel(b, c / Tile::rows)[i * Tile::rows + c % Tile::rows];
}

void subtract(Lanes& from, float factor, const Lanes& lanes) {
    for (size_t lane = 0; lane < tile_rows; lane++) {
        from[lane] -= factor * lanes[lane];
    }
}

} // namespace

void regress(float* weights, const float* cross, size_t rows, const HessianFactor& factor, float strength,
             const Workers& workers) {
    const std::vector<HessianFactor::Block>& blocks = factor.blocks();
    const size_t inputs = factor.inputs();
    const size_t tiles = (rows + tile_rows - 1) / tile_rows;
    std::vector<std::vector<Lanes>> x(tiles, std::vector<Lanes>(inputs));

    // Solve x U D U^T = c: first z U^T = c from the last column back, then x U = z D^-1 from the first on.
    workers.for_each(tiles, [&](size_t t) {
        for (size_t lane = 0; lane < tile_rows; lane++) {
            const float* row = cross + std::min(t * tile_rows + lane, rows - 1) * inputs;
            for (const HessianFactor::Block& block : blocks) {
                for (size_t c = 0; c < block.size; c++) {
                    x[t][block.begin + c][lane] = row[block.input + c];
                }
            }
        }
    });
    std::vector<float> by_row; // the block's part of U above the block: [tile of rows][column of the block][rows]
    for (size_t b = blocks.size(); b-- > 0;) {
        const HessianFactor::Block& block = blocks[b];
        by_row.resize(block.begin * block.size);
        workers.for_each(block.begin / Tile::rows, [&](size_t strip) {
            float* out = by_row.data() + strip * block.size * Tile::rows;
            for (size_t c = 0; c < block.size; c++) {
                for (size_t r = 0; r < Tile::rows; r++) {
                    out[c * Tile::rows + r] = element(factor, b, strip * Tile::rows + r, c);
                }
            }
        });
        workers.for_each(tiles, [&](size_t t) {
            Lanes* own = x[t].data() + block.begin;
            for (size_t c = block.size; c-- > 0;) {
                for (size_t i = 0; i < c; i++) {
                    subtract(own[i], element(factor, b, block.begin + i, c), own[c]);
                }
            }
            for (size_t i = 0; i < block.begin; i += Tile::rows) {
                for (size_t lane = 0; lane < tile_rows; lane += Tile::columns) {
                    Tile::accumulate(block.size, by_row.data() + i * block.size, Tile::rows, own[0].data() + lane,
                                     tile_rows, -1.0f, x[t][i].data() + lane, tile_rows);
                }
            }
        });
    }
    for (size_t b = 0; b < blocks.size(); b++) {
        const HessianFactor::Block& block = blocks[b];
        workers.for_each(tiles, [&](size_t t) {
            Lanes* own = x[t].data() + block.begin;
            for (size_t c = 0; c < block.size; c++) {
                for (size_t lane = 0; lane < tile_rows; lane++) {
                    own[c][lane] /= factor.pivots(b)[c];
                }
            }
            for (size_t c = 0; c < block.size; c += Tile::rows) {
                for (size_t lane = 0; lane < tile_rows; lane += Tile::columns) {
                    Tile::accumulate(block.begin, factor.panel(b, c / Tile::rows), Tile::rows, x[t][0].data() + lane,
                                     tile_rows, -1.0f, own[c].data() + lane, tile_rows);
                }
            }
            for (size_t c = 0; c < block.size; c++) {
                for (size_t i = 0; i < c; i++) {
                    subtract(own[c], element(factor, b, block.begin + i, c), own[i]);
                }
            }
        });
    }

    workers.for_each(tiles, [&](size_t t) {
        for (size_t lane = 0; lane < tile_rows && t * tile_rows + lane < rows; lane++) {
            float* row = weights + (t * tile_rows + lane) * inputs;
            for (const HessianFactor::Block& block : blocks) {
                for (size_t c = 0; c < block.size; c++) {
                    row[block.input + c] += strength * x[t][block.begin + c][lane];
                }
            }
        }
    });
}

} // namespace mixllm
