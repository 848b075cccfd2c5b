#pragma once

#include <cstddef>
#include <vector>

#include "common/format/mixllm_format.h"
#include "gptq/factorize.h"

namespace mixllm {

/// The group size of the method, and the width of the blocks its dense loops work in.
constexpr size_t block_size = MIXLLM_GROUP_SIZE;

/**
 * H = U D U^T of a damped, reordered Hessian, U unit upper triangular.
 *
 * With the columns taken in order, the output error of a quantized row is the sum over columns j of D_j r_j^2, where
 * r_j = (w_j + sum over i < j of e_i U_ij) - q_j is what rounding leaves of column j once the errors e_i = w_i - q_i of
 * the columns before it have been fed back: GPTQ's update, which H's own factor gives without inverting H.
 */
class HessianFactor {
public:
    /**
     * @param hessian X^T X of the inputs
     * @param damping share of the mean diagonal that is added to the diagonal
     * @throws NotPositiveDefinite when the damped matrix has no factor
     */
    HessianFactor(const Triangle& hessian, double damping, const Workers& workers);

    struct NotPositiveDefinite {};

    /// A group of up to 128 neighbouring inputs that share scales.
    struct Block {
        size_t input; ///< first input, in the weight's own order
        size_t begin; ///< first column, in the factor's order
        size_t size;
    };

    /// The groups in the order they are quantized: descending diagonal sum of H.
    const std::vector<Block>& blocks() const { return blocks_; }

    /**
     * Columns `block.begin + 8 t ..` of U (`OuterTile<float>::rows` = 8 on AVX-512) for the rows 0..block end, packed
     * row after row: element (i, c) at `[i * rows + c]`. Columns past the block are 0, so is what lies below U's unit
     * diagonal, the diagonal itself included.
     */
    const float* panel(size_t block, size_t tile) const;

    /// Columns of the matrix.
    size_t inputs() const { return pivots_.size(); }

    /// What damping added to every diagonal element.
    double ridge() const { return ridge_; }

    /// D of a block's columns.
    const float* pivots(size_t block) const { return pivots_.data() + blocks_[block].begin; }

private:
    std::vector<Block> blocks_;
    double ridge_;
    std::vector<float> pivots_;
    std::vector<std::vector<float>> panels_; ///< per block
};

} // namespace mixllm
