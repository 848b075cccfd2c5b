#include "gptq/factorize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/native/workers.h"
#include "gptq/outer_products.h"

namespace mixllm {

namespace {

constexpr size_t block = 128;

using Tile = OuterTile<double>;

/// Eliminates rows `begin..end-1` among themselves, in the columns `first..last-1`; pivots are at hand in `diagonal`.
void eliminate(Triangle& matrix, size_t begin, size_t end, size_t first, size_t last, const double* diagonal) {
    for (size_t j = end; j-- > begin;) {
        double* row = matrix.row(j);
        const double inverse = 1.0 / diagonal[j - begin];
        for (size_t k = first; k < last; k++) {
            row[k] *= inverse;
        }
        for (size_t i = begin; i < j; i++) {
            const double factor = matrix.row(j)[i];
            double* target = matrix.row(i);
            for (size_t k = first; k < last; k++) {
                target[k] -= factor * row[k];
            }
        }
    }
}

/// The same for the columns of the block itself, where the pivots come to light.
bool factorize_diagonal(Triangle& matrix, size_t begin, size_t end, double* diagonal) {
    for (size_t j = end; j-- > begin;) {
        double* row = matrix.row(j);
        if (!(row[j] > 0.0) || !std::isfinite(row[j])) {
            return false;
        }
        diagonal[j - begin] = std::sqrt(row[j]);
        const double inverse = 1.0 / diagonal[j - begin];
        for (size_t k = begin; k <= j; k++) {
            row[k] *= inverse;
        }
        for (size_t i = begin; i < j; i++) {
            double* target = matrix.row(i);
            for (size_t k = begin; k <= i; k++) {
                target[k] -= row[i] * row[k];
            }
        }
    }
    return true;
}

} // namespace

bool factorize(Triangle& matrix, const Workers& workers) {
    const size_t size = matrix.size();
    const size_t blocks = (size + block - 1) / block;
    double diagonal[block];
    std::vector<double> packed; // the block's rows, cut into tiles of columns: [tile][row of the block][columns]
    for (size_t b = blocks; b-- > 0;) {
        const size_t begin = b * block;
        const size_t end = std::min(size, begin + block);
        const size_t depth = end - begin;
        if (!factorize_diagonal(matrix, begin, end, diagonal)) {
            return false;
        }
        workers.for_each_block(
            begin, 32, [&](size_t first, size_t last) { eliminate(matrix, begin, end, first, last, diagonal); });

        // What is left: A[i][k] -= sum over the block's rows j of R[j][i] R[j][k], for k <= i < begin.
        const size_t tiles = (begin + Tile::columns - 1) / Tile::columns;
        packed.assign(tiles * depth * Tile::columns, 0.0);
        workers.for_each(tiles, [&](size_t tile) {
            const size_t first = tile * Tile::columns;
            const size_t count = std::min(Tile::columns, begin - first);
            for (size_t j = 0; j < depth; j++) {
                std::copy_n(matrix.row(begin + j) + first, count, packed.data() + (tile * depth + j) * Tile::columns);
            }
        });
        const size_t strips = (begin + Tile::rows - 1) / Tile::rows;
        workers.for_each(strips, [&](size_t descending) {
            const size_t strip = strips - 1 - descending; // longest rows first, for balance
            const size_t row = strip * Tile::rows;
            const size_t rows = std::min(Tile::rows, begin - row);
            // Tile::columns is a multiple of Tile::rows, so a strip's rows lie within one packed tile of columns.
            const double* left = packed.data() + (row / Tile::columns) * depth * Tile::columns + row % Tile::columns;
            for (size_t tile = 0; tile * Tile::columns < row + rows; tile++) {
                double sums[Tile::rows * Tile::columns] = {};
                Tile::accumulate(depth, left, Tile::columns, packed.data() + tile * depth * Tile::columns,
                                 Tile::columns, 1.0, sums, Tile::columns);
                for (size_t r = 0; r < rows; r++) {
                    double* target = matrix.row(row + r);
                    const size_t first = tile * Tile::columns;
                    const size_t last = std::min(first + Tile::columns, row + r + 1);
                    for (size_t k = first; k < last; k++) {
                        target[k] -= sums[r * Tile::columns + k - first];
                    }
                }
            }
        });
    }
    return true;
}

} // namespace mixllm
