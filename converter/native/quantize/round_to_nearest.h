#pragma once

#include <cstddef>

#include "quantize/quantized_rows.h"

namespace mixllm {

/**
 * Rounds one row to its 4-bit grids, one grid per group spanning the group's smallest to largest weight.
 *
 * @param weights `out.inputs` finite floats
 * @param row which row of `out` to fill
 * @return false when a group's range does not fit a half-precision scale; `out`'s row is then unusable
 */
bool round_to_nearest(const float* weights, QuantizedRows4& out, size_t row);

/// As above with symmetric 8-bit grids spanning each group's largest magnitude.
bool round_to_nearest(const float* weights, QuantizedRows8& out, size_t row);

} // namespace mixllm
