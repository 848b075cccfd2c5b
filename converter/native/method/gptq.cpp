#include "gptq.h"

#include <algorithm>
#include <memory>

#include "block_quantizer.h"
#include "factorize.h"
#include "outer_products.h"
#include "parallel.h"
#include "row_tile.h"

namespace mixllm {

namespace {

using Tile = OuterTile<float>;

/// The linear's rows cut into tiles of one width each.
std::vector<RowTile> cut(const std::vector<uint8_t>& is_8bit, size_t inputs, size_t blocks) {
    std::vector<RowTile> tiles;
    for (const bool wide : {false, true}) {
        std::vector<size_t> rows;
        for (size_t row = 0; row < is_8bit.size(); row++) {
            if ((is_8bit[row] != 0) == wide) {
                rows.push_back(row);
            }
        }
        for (size_t first = 0; first < rows.size(); first += tile_rows) {
            const size_t last = std::min(rows.size(), first + tile_rows);
            tiles.push_back(
                {{rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(last)},
                 wide,
                 std::vector<Lanes>(inputs),
                 std::vector<Lanes>(inputs),
                 std::vector<TileGrid>(blocks)});
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

void keep(RowTile& tile, size_t block_index, const HessianFactor::Block& block, const BlockLanes& weights,
          const BlockLanes& target, const BlockQuantizer::Result& result, const bool* accepted) {
    for (size_t lane = 0; lane < tile_rows; lane++) {
        if (accepted != nullptr && !accepted[lane]) {
            continue;
        }
        TileGrid& grid = tile.grids[block_index];
        grid.scale[lane] = result.grid.scale[lane];
        grid.zero[lane] = result.grid.zero[lane];
        grid.scale_half[lane] = result.grid.scale_half[lane];
        for (size_t c = 0; c < block.size; c++) {
            tile.integer[block.begin + c][lane] = result.integer[c][lane];
            tile.error[block.begin + c][lane] = weights[c][lane] - target[c][lane] + result.error[c][lane];
        }
    }
}

/// A square matrix of a block packed for `multiply_panel`.
template <typename Element>
std::vector<float> pack_square(size_t rows, size_t size, const Element& element) {
    std::vector<float> packed(size * rows);
    for (size_t c = 0; c < size; c++) {
        float* column = packed.data() + c / Tile::rows * rows * Tile::rows + c % Tile::rows;
        for (size_t i = 0; i < rows; i++) {
            column[i * Tile::rows] = static_cast<float>(element(i, c));
        }
    }
    return packed;
}

/// One block's own Hessian H_bb = U D U^T, its inverse, and H between all columns and the block's.
struct BlockHessian {
    std::vector<float> feedback;
    std::vector<float> pivots;
    std::vector<float> inverse;
    std::vector<float> coupling; ///< all columns but the block's own, whose part is 0

    BlockHessian(const Triangle& hessian, const HessianFactor& factor, size_t index, double ridge, int threads) {
        const HessianFactor::Block& block = factor.blocks()[index];
        const size_t size = block.size;
        Triangle own(size);
        for (size_t i = 0; i < size; i++) {
            for (size_t k = 0; k <= i; k++) {
                own.row(i)[k] = hessian.row(block.input + i)[block.input + k];
            }
            own.row(i)[i] += ridge;
        }
        if (!factorize(own, 1)) {
            throw HessianFactor::NotPositiveDefinite{};
        }
        pivots.resize(size);
        for (size_t j = 0; j < size; j++) {
            pivots[j] = static_cast<float>(own.row(j)[j] * own.row(j)[j]);
        }
        feedback =
            pack_square(size, size, [&](size_t i, size_t c) { return i < c ? own.row(c)[i] / own.row(c)[c] : 0.0; });
        // H = R^T R: solve R^T y = unit vector from the last row, then R x = y from the first.
        std::vector<double> inverted(size * size, 0.0);
        for (size_t unit = 0; unit < size; unit++) {
            double* x = inverted.data() + unit * size;
            x[unit] = 1.0;
            for (size_t j = size; j-- > 0;) {
                x[j] /= own.row(j)[j];
                for (size_t i = 0; i < j; i++) {
                    x[i] -= own.row(j)[i] * x[j];
                }
            }
            for (size_t j = 0; j < size; j++) {
                for (size_t i = 0; i < j; i++) {
                    x[j] -= own.row(j)[i] * x[i];
                }
                x[j] /= own.row(j)[j];
            }
        }
        inverse = pack_square(size, size, [&](size_t i, size_t c) { return inverted[c * size + i]; });

        const size_t inputs = hessian.size();
        coupling.assign(inputs * size, 0.0f);
        parallel_items(threads, factor.blocks().size(), [&](size_t other) {
            const HessianFactor::Block& from = factor.blocks()[other];
            for (size_t i = 0; other != index && i < from.size; i++) {
                for (size_t c = 0; c < size; c++) {
                    coupling[c / Tile::rows * inputs * Tile::rows + (from.begin + i) * Tile::rows + c % Tile::rows] =
                        static_cast<float>(hessian.symmetric(from.input + i, block.input + c));
                }
            }
        });
    }
};

} // namespace

QuantizedLinear gptq(const float* weights, const std::vector<uint8_t>& is_8bit, const Triangle& hessian,
                     const HessianFactor& factor, const GptqOptions& options, int threads) {
    const size_t inputs = hessian.size();
    const std::vector<HessianFactor::Block>& blocks = factor.blocks();
    std::vector<RowTile> tiles = cut(is_8bit, inputs, blocks.size());

    for (size_t b = 0; b < blocks.size(); b++) {
        const HessianFactor::Block& block = blocks[b];
        const size_t panel_step = (block.begin + block.size) * Tile::rows;
        parallel_items(threads, tiles.size(), [&](size_t t) {
            RowTile& tile = tiles[t];
            const auto target = std::make_unique<BlockLanes>();
            const auto adjusted = std::make_unique<BlockLanes>();
            const auto result = std::make_unique<BlockQuantizer::Result>();
            gather(weights, inputs, tile, block, *target);
            *adjusted = *target;
            multiply_panel(factor.panel(b, 0), panel_step, block.begin, block.size, tile.error.data(), *adjusted);
            const BlockQuantizer quantizer(factor.panel(b, 0) + block.begin * Tile::rows, panel_step, factor.pivots(b),
                                           block.size, tile.is_8bit);
            quantizer.search(*target, *adjusted, options.clip_ratios, *result);
            keep(tile, b, block, *target, *target, *result, nullptr);
        });
    }

    for (int visit = 0; visit < options.revisits; visit++) {
        for (size_t b = 0; b < blocks.size(); b++) {
            const HessianFactor::Block& block = blocks[b];
            const BlockHessian own(hessian, factor, b, factor.ridge(), threads);
            parallel_items(threads, tiles.size(), [&](size_t t) {
                RowTile& tile = tiles[t];
                const auto target = std::make_unique<BlockLanes>();
                const auto pull = std::make_unique<BlockLanes>();
                const auto wanted = std::make_unique<BlockLanes>();
                const auto before = std::make_unique<BlockLanes>();
                const auto result = std::make_unique<BlockQuantizer::Result>();
                gather(weights, inputs, tile, block, *target);
                // With all other blocks' errors fixed, the block's best real values are w + (sum of e_i H_ib) H_bb^-1.
                *pull = BlockLanes{};
                multiply_panel(own.coupling.data(), inputs * Tile::rows, inputs, block.size, tile.error.data(), *pull);
                *wanted = *target;
                multiply_panel(own.inverse.data(), block.size * Tile::rows, block.size, block.size, pull->data(),
                               *wanted);
                for (size_t c = 0; c < block.size; c++) {
                    for (size_t lane = 0; lane < tile_rows; lane++) {
                        (*before)[c][lane] =
                            (*wanted)[c][lane] - (*target)[c][lane] + tile.error[block.begin + c][lane];
                    }
                }
                const BlockQuantizer quantizer(own.feedback.data(), block.size * Tile::rows, own.pivots.data(),
                                               block.size, tile.is_8bit);
                const Lanes loss_before = quantizer.loss(*before, *wanted, *wanted);
                quantizer.search(*wanted, *wanted, options.clip_ratios, *result);
                bool accepted[tile_rows];
                for (size_t lane = 0; lane < tile_rows; lane++) {
                    accepted[lane] = result->loss[lane] < loss_before[lane];
                }
                keep(tile, b, block, *target, *wanted, *result, accepted);
            });
        }
    }

    const size_t wide = static_cast<size_t>(std::count_if(is_8bit.begin(), is_8bit.end(), [](uint8_t w) { return w; }));
    QuantizedLinear out{QuantizedRows4(is_8bit.size() - wide, inputs), QuantizedRows8(wide, inputs),
                        std::vector<float>(is_8bit.size() * inputs)};
    std::vector<size_t> position(is_8bit.size());
    size_t next[2] = {0, 0};
    for (size_t row = 0; row < is_8bit.size(); row++) {
        position[row] = next[is_8bit[row] != 0 ? 1 : 0]++;
    }
    const size_t groups = blocks.size();
    parallel_items(threads, tiles.size(), [&](size_t t) {
        const RowTile& tile = tiles[t];
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
