#include "gptq/block_quantizer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gptq/outer_products.h"
#include "quantize/grid.h"
#include "quantize/scale_range_error.h"

namespace mixllm {

namespace {

using Tile = OuterTile<float>;

/// The tile's columns of `adjusted` plus the feedback of the `depth` columns before them in the block.
void feed_back(const float* panel, size_t depth, const BlockLanes& error, const Lanes* adjusted, size_t columns,
               Lanes* out) {
    std::copy_n(adjusted, columns, out);
    for (size_t lane = 0; lane < tile_rows; lane += Tile::columns) {
        Tile::accumulate(depth, panel, Tile::rows, error[0].data() + lane, tile_rows, 1.0f, out[0].data() + lane,
                         tile_rows);
    }
}

void add_scaled(Lanes& to, float factor, const Lanes& lanes) {
    for (size_t lane = 0; lane < tile_rows; lane++) {
        to[lane] += factor * lanes[lane];
    }
}

} // namespace

BlockQuantizer::BlockQuantizer(const float* panels, size_t panel_step, const float* pivots, size_t size, bool is_8bit)
    : panels_(panels), panel_step_(panel_step), pivots_(pivots), size_(size), is_8bit_(is_8bit) {}

TileGrid BlockQuantizer::grid(const Lanes& low, const Lanes& high) const {
    TileGrid result;
    for (size_t lane = 0; lane < tile_rows; lane++) {
        if (is_8bit_) {
            const Grid8 fitted = fit_grid8(std::max(-low[lane], high[lane]));
            result.scale[lane] = fitted.scale;
            result.scale_half[lane] = fitted.scale_half;
            result.zero[lane] = 0.0f;
        } else {
            const Grid4 fitted = fit_grid4(low[lane], high[lane]);
            result.scale[lane] = fitted.scale;
            result.scale_half[lane] = fitted.scale_half;
            result.zero[lane] = fitted.zero;
        }
    }
    return result;
}

template <bool keep>
void BlockQuantizer::run(const BlockLanes& weights, const BlockLanes& adjusted, const TileGrid& grid,
                         Result& result) const {
    const float lowest = is_8bit_ ? -127.0f : 0.0f;
    const float highest = is_8bit_ ? 127.0f : 15.0f;
    const Lanes scale = grid.scale;
    const Lanes zero = grid.zero;
    Lanes divisor; // a scale of 0 must give the integer that stands for 0
    for (size_t lane = 0; lane < tile_rows; lane++) {
        divisor[lane] = grid.scale[lane] > 0.0f ? grid.scale[lane] : std::numeric_limits<float>::infinity();
    }
    Lanes loss{};
    std::array<Lanes, Tile::rows> column;
    for (size_t first = 0; first < size_; first += Tile::rows) {
        const float* panel = panels_ + first / Tile::rows * panel_step_;
        feed_back(panel, first, result.error, adjusted.data() + first, Tile::rows, column.data());
        for (size_t c = 0; c < Tile::rows; c++) {
            Lanes wanted = column[c];
            for (size_t i = 0; i < c; i++) {
                add_scaled(wanted, panel[(first + i) * Tile::rows + c], result.error[first + i]);
            }
            // Local arrays of fixed length, so that the compiler sees one vector loop without aliases.
            const Lanes weight = weights[first + c];
            const float pivot = pivots_[first + c];
            Lanes error;
            Lanes integer;
            for (size_t lane = 0; lane < tile_rows; lane++) {
                float q = wanted[lane] / divisor[lane];
                q = q < -128.0f ? -128.0f : q;
                q = q > 128.0f ? 128.0f : q;
                q = round_half_even(q) + zero[lane];
                q = q < lowest ? lowest : q;
                q = q > highest ? highest : q;
                const float value = (q - zero[lane]) * scale[lane];
                const float left = wanted[lane] - value;
                loss[lane] += pivot * left * left;
                error[lane] = weight[lane] - value;
                integer[lane] = q;
            }
            result.error[first + c] = error;
            if (keep) {
                result.integer[first + c] = integer;
            }
        }
    }
    result.loss = loss;
}

void BlockQuantizer::unrounded_range(const BlockLanes& weights, const BlockLanes& adjusted, BlockLanes& error,
                                     Lanes& low, Lanes& high) const {
    std::array<Lanes, Tile::rows> column;
    for (size_t first = 0; first < size_; first += Tile::rows) {
        const float* panel = panels_ + first / Tile::rows * panel_step_;
        feed_back(panel, first, error, adjusted.data() + first, Tile::rows, column.data());
        for (size_t c = 0; c < Tile::rows; c++) {
            Lanes& wanted = column[c];
            for (size_t i = 0; i < c; i++) {
                add_scaled(wanted, panel[(first + i) * Tile::rows + c], error[first + i]);
            }
            for (size_t lane = 0; lane < tile_rows; lane++) {
                error[first + c][lane] = weights[first + c][lane] - wanted[lane];
                low[lane] = std::min(low[lane], wanted[lane]);
                high[lane] = std::max(high[lane], wanted[lane]);
            }
        }
    }
}

void BlockQuantizer::search(const BlockLanes& weights, const BlockLanes& adjusted, const ClipSearch& shares,
                            Result& result) const {
    Lanes low{};
    Lanes high{};
    unrounded_range(weights, adjusted, result.error, low, high);
    TileGrid best{};
    Lanes best_low{};
    Lanes best_high{};
    Lanes best_loss;
    best_loss.fill(std::numeric_limits<float>::infinity());
    const auto attempt = [&](const Lanes& low_share, const Lanes& high_share) {
        Lanes from;
        Lanes to;
        for (size_t lane = 0; lane < tile_rows; lane++) {
            from[lane] = low[lane] * low_share[lane];
            to[lane] = high[lane] * high_share[lane];
        }
        const TileGrid candidate = grid(from, to);
        run<false>(weights, adjusted, candidate, result);
        for (size_t lane = 0; lane < tile_rows; lane++) {
            if (result.loss[lane] < best_loss[lane] && std::isfinite(candidate.scale[lane])) {
                best_loss[lane] = result.loss[lane];
                best.scale[lane] = candidate.scale[lane];
                best.zero[lane] = candidate.zero[lane];
                best.scale_half[lane] = candidate.scale_half[lane];
                best_low[lane] = low_share[lane];
                best_high[lane] = high_share[lane];
            }
        }
    };
    for (const float ratio : is_8bit_ ? shares.ratios8 : shares.ratios4) {
        Lanes share;
        share.fill(ratio);
        attempt(share, share);
    }
    if (std::any_of(best_loss.begin(), best_loss.end(), [](float loss) { return !std::isfinite(loss); })) {
        throw ScaleRangeError();
    }
    const auto move = [&](const Lanes& share, float offset) {
        Lanes moved;
        std::transform(share.begin(), share.end(), moved.begin(), [&](float own) { return own + offset; });
        return moved;
    };
    if (!is_8bit_) {
        const Lanes low_share = best_low;
        for (const float offset : shares.offsets) {
            attempt(move(low_share, offset), best_high);
        }
        const Lanes high_share = best_high;
        for (const float offset : shares.offsets) {
            attempt(best_low, move(high_share, offset));
        }
    }
    result.grid = best;
    run<true>(weights, adjusted, best, result);
}

} // namespace mixllm
