#pragma once

#include <cstddef>
#include <cstdint>

#include "../weights/source_rows.h"

namespace mixllm {

/**
 * What rounding each output feature to 4 bits changes: `out[c] = sum_k (q4(w[c][k]) - w[c][k])^2`.
 *
 * Features whose range does not fit a grid get infinity.
 *
 * @param out one value per row of `source`
 * @return row-major position of the first NaN or infinity in the source, or -1
 */
int64_t weight_error(const SourceRows& source, double* out, size_t threads);

} // namespace mixllm
