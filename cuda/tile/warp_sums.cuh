#pragma once

// A warp's sums: [m][n][i] belongs to row 16m + lane / 4 + (i / 2) * 8 and token 8n + lane % 4 * 2 + i % 2 of the warp.
template <class Shape>
using WarpSums = float[Shape::WARP_ROWS / 16][Shape::WARP_TOKENS / 8][4];
