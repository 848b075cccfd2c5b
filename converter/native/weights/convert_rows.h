#pragma once

#include <cstddef>
#include <cstdint>

#include "weights/source_rows.h"

namespace mixllm {

struct ConversionReport {
    /// Row-major position of the first NaN or infinity in the source, or -1.
    int64_t first_non_finite;
    /// Finite source values that became infinite because the target type cannot hold them.
    size_t overflowed;
};

/**
 * Converts rows to a stock ggml type, by way of float32.
 *
 * @param type any type `ggml_quantize_chunk` takes without an importance matrix
 * @param out `rows` times `ggml_row_size(type, columns)` bytes
 * @throws CanceledError
 */
ConversionReport convert_rows(const SourceRows& source, ggml_type type, unsigned char* out, const Workers& workers);

} // namespace mixllm
