#include "gptq/row_chain.h"

#include <algorithm>

#include "common/native/workers.h"
#include "gptq/row_tile.h"

namespace mixllm {

namespace {

/// What G says of two rows counts this much, since it is of few tokens and a rounding error is no small step.
constexpr double trust = 0.7;

/// Added to the diagonal, as a share of its mean.
constexpr double damping = 0.1;

/// G of the rows `order`, trusted less where it says that rows err together.
Triangle shrink(const Triangle& moment, const std::vector<size_t>& order) {
    const size_t size = order.size();
    double trace = 0.0;
    for (size_t i = 0; i < size; i++) {
        trace += moment.row(i)[i];
    }
    Triangle shrunk(size);
    for (size_t i = 0; i < size; i++) {
        for (size_t k = 0; k < i; k++) {
            shrunk.row(i)[k] = trust * moment.symmetric(order[i], order[k]);
        }
        shrunk.row(i)[i] = moment.row(order[i])[order[i]] + damping * trace / static_cast<double>(size);
    }
    return shrunk;
}

} // namespace

RowChain::RowChain(const std::vector<size_t>& rows, const Triangle& moment, const std::vector<uint8_t>& is_8bit) {
    std::vector<size_t> position(is_8bit.size()); // of a row in `rows`
    for (size_t i = 0; i < rows.size(); i++) {
        position[rows[i]] = i;
    }
    std::vector<size_t> order; // such positions
    for (TileRows& tile : cut_into_tiles(rows, is_8bit)) {
        for (const size_t row : tile.rows) {
            order.push_back(position[row]);
        }
        tiles_.push_back({std::move(tile.rows), tile.is_8bit, {}});
    }
    const size_t size = order.size();
    Triangle factor = shrink(moment, order);
    if (!factorize(factor, Workers(1))) {
        for (Tile& tile : tiles_) {
            tile.feedback.assign(size * tile_rows, 0.0f); // of rows without gradients
        }
        return;
    }
    // G = V S V^T with V unit upper triangular, and what the rows of a tile t ask of later ones is -V_tt (V^-1)_t.
    const auto v = [&](size_t i, size_t k) { return factor.row(k)[i] / factor.row(k)[k]; };
    std::vector<double> inverse(size * size);
    for (size_t i = size; i-- > 0;) {
        double* row = inverse.data() + i * size;
        row[i] = 1.0;
        for (size_t k = i + 1; k < size; k++) {
            const double factor_ik = v(i, k);
            const double* other = inverse.data() + k * size;
            for (size_t c = k; c < size; c++) {
                row[c] -= factor_ik * other[c];
            }
        }
    }
    std::vector<double> asked(size);
    size_t begin = 0;
    for (size_t t = 0; t < tiles_.size(); t++) {
        const size_t end = begin + tiles_[t].rows.size();
        tiles_[t].feedback.resize(begin * tile_rows);
        for (size_t i = begin; i < end; i++) {
            std::fill(asked.begin(), asked.end(), 0.0);
            for (size_t k = i; k < end; k++) {
                const double factor_ik = k == i ? 1.0 : v(i, k);
                for (size_t c = end; c < size; c++) {
                    asked[c] -= factor_ik * inverse[k * size + c];
                }
            }
            size_t first = end;
            for (size_t later = t + 1; later < tiles_.size(); later++) {
                tiles_[later].feedback.resize(std::max(tiles_[later].feedback.size(), end * tile_rows));
                for (size_t lane = 0; lane < tiles_[later].rows.size(); lane++) {
                    tiles_[later].feedback[i * tile_rows + lane] = static_cast<float>(asked[first + lane]);
                }
                first += tiles_[later].rows.size();
            }
        }
        begin = end;
    }
}

} // namespace mixllm
