#include "gptq/hessian_factor.h"

#include <algorithm>
#include <numeric>

#include "common/native/workers.h"
#include "gptq/factorize.h"
#include "gptq/outer_products.h"

namespace mixllm {

namespace {

using Tile = OuterTile<float>;

/// Groups by descending diagonal sum; equal sums keep their order, so that the result is the same everywhere.
std::vector<HessianFactor::Block> order_blocks(const Triangle& hessian) {
    std::vector<HessianFactor::Block> blocks;
    std::vector<double> weight;
    for (size_t input = 0; input < hessian.size(); input += block_size) {
        const size_t size = std::min(block_size, hessian.size() - input);
        double sum = 0.0;
        for (size_t i = input; i < input + size; i++) {
            sum += hessian.row(i)[i];
        }
        blocks.push_back({input, 0, size});
        weight.push_back(sum);
    }
    std::vector<size_t> order(blocks.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weight[a] > weight[b]; });
    std::vector<HessianFactor::Block> ordered;
    size_t begin = 0;
    for (const size_t index : order) {
        ordered.push_back({blocks[index].input, begin, blocks[index].size});
        begin += blocks[index].size;
    }
    return ordered;
}

} // namespace

HessianFactor::HessianFactor(const Triangle& hessian, double damping, const Workers& workers)
    : blocks_(order_blocks(hessian)) {
    const size_t size = hessian.size();
    double trace = 0.0;
    for (size_t i = 0; i < size; i++) {
        trace += hessian.row(i)[i];
    }
    const double mean = trace / static_cast<double>(size);
    ridge_ = mean > 0.0 ? damping * mean : 1.0;
    Triangle factor(size);
    workers.for_each(blocks_.size(), [&](size_t b) {
        for (size_t i = 0; i < blocks_[b].size; i++) {
            double* row = factor.row(blocks_[b].begin + i);
            for (size_t other = 0; other <= b; other++) {
                const size_t count = other == b ? i + 1 : blocks_[other].size;
                for (size_t k = 0; k < count; k++) {
                    row[blocks_[other].begin + k] = hessian.symmetric(blocks_[b].input + i, blocks_[other].input + k);
                }
            }
            // An input that is always 0 leaves its weights free; a unit pivot keeps the factor defined.
            row[blocks_[b].begin + i] += ridge_;
        }
    });
    if (!factorize(factor, workers)) {
        throw NotPositiveDefinite{};
    }

    pivots_.resize(size);
    for (size_t j = 0; j < size; j++) {
        pivots_[j] = static_cast<float>(factor.row(j)[j] * factor.row(j)[j]);
    }
    panels_.resize(blocks_.size());
    workers.for_each(blocks_.size(), [&](size_t b) {
        const Block& block = blocks_[b];
        const size_t end = block.begin + block.size;
        const size_t tiles = (block.size + Tile::rows - 1) / Tile::rows;
        panels_[b].assign(tiles * end * Tile::rows, 0.0f);
        for (size_t c = 0; c < block.size; c++) {
            const double* row = factor.row(block.begin + c);
            float* column = panels_[b].data() + (c / Tile::rows) * end * Tile::rows + c % Tile::rows;
            const double inverse = 1.0 / row[block.begin + c];
            for (size_t i = 0; i < block.begin + c; i++) {
                column[i * Tile::rows] = static_cast<float>(row[i] * inverse);
            }
        }
    });
}

const float* HessianFactor::panel(size_t block, size_t tile) const {
    return panels_[block].data() + tile * (blocks_[block].begin + blocks_[block].size) * Tile::rows;
}

} // namespace mixllm
