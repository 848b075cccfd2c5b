#pragma once

#include <cstddef>
#include <vector>

/// A square matrix by rows.
using Square = std::vector<std::vector<double>>;

/// Its inverse by Gauss-Jordan elimination without pivoting, which does for positive definite ones.
inline Square inverse(Square a) {
    const size_t n = a.size();
    Square b(n, std::vector<double>(n));
    for (size_t i = 0; i < n; i++) {
        b[i][i] = 1.0;
    }
    for (size_t p = 0; p < n; p++) {
        for (size_t r = 0; r < n; r++) {
            if (r == p) {
                continue;
            }
            const double factor = a[r][p] / a[p][p];
            for (size_t c = 0; c < n; c++) {
                a[r][c] -= factor * a[p][c];
                b[r][c] -= factor * b[p][c];
            }
        }
    }
    for (size_t p = 0; p < n; p++) {
        for (size_t c = 0; c < n; c++) {
            b[p][c] /= a[p][p];
        }
    }
    return b;
}
