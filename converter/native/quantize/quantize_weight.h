#pragma once

#include <cstddef>
#include <cstdint>

#include "quantize/pack_rows.h"
#include "weights/source_rows.h"

namespace mixllm {

/**
 * What rounding each output feature to 4 bits changes: `out[c] = sum_k (q4(w[c][k]) - w[c][k])^2`.
 *
 * Features whose range does not fit a grid get infinity.
 *
 * @param out one value per row of `source`
 * @return row-major position of the first NaN or infinity in the source, or -1
 * @throws CanceledError
 */
int64_t weight_error(const SourceRows& source, double* out, const Workers& workers);

struct QuantizationReport {
    /// Row-major position of the first NaN or infinity in the source, or -1.
    int64_t first_non_finite;
    /// First output feature with a group whose range does not fit a half-precision scale, or -1.
    int64_t first_out_of_range;
};

/**
 * Quantizes a whole weight by rounding to nearest and packs it.
 *
 * @param source N rows (output features) of K columns (inputs), N a multiple of 16 and K a multiple of 32
 * @param rows made by `order_rows`: N4 features in 4 bits, then the 8-bit ones
 * @param packed4 for N4 rows; unused when N4 is 0
 * @param packed8 for N - N4 rows; unused when there are none
 * @throws CanceledError
 */
QuantizationReport quantize_weight(const SourceRows& source, const int32_t* rows, size_t rows4, const Packed4& packed4,
                                   const Packed8& packed8, const Workers& workers);

} // namespace mixllm
