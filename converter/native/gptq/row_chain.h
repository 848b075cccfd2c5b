#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gptq/factorize.h"

namespace mixllm {

/**
 * Rows of a linear that make good for each other's errors, in the order in which they are quantized.
 *
 * With G the Hessian of the loss by the rows' outputs, the loss of the rows' errors E is about the trace of G E H E^T:
 * the output errors of the rows A quantized so far are made good as far as they can be when the rows B behind them move
 * by G_BB^-1 G_BA E_A (YAQA, arXiv 2505.22988, in GPTQ's order). 4-bit rows come first, 8-bit rows take up what is
 * left. Rows of a tile are quantized side by side and do not see each other's errors.
 */
class RowChain {
public:
    /**
     * @param rows of the weight
     * @param moment G, of `rows` in that order
     * @param is_8bit one byte a row of the weight, nonzero for 8 bits
     */
    RowChain(const std::vector<size_t>& rows, const Triangle& moment, const std::vector<uint8_t>& is_8bit);

    /// Rows of one width, at most `tile_rows`.
    struct Tile {
        std::vector<size_t> rows; ///< of the weight
        bool is_8bit;
        /// What the tile's rows take of each row before them, `[rows before][tile_rows]`: of what is left between that
        /// row, fed by those before it, and its quantized values.
        std::vector<float> feedback;
    };

    /// In the order of quantization.
    const std::vector<Tile>& tiles() const { return tiles_; }

private:
    std::vector<Tile> tiles_;
};

} // namespace mixllm
