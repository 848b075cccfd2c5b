#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ggml.h>

#include "common/native/arguments.h"
#include "quantize/pack_rows.h"
#include "weights/source_rows.h"

namespace mixllm {

/// A ggml type by the name that ggml gives it (`f16`, `q8_0`, `q4_K`); throws a TypeError when it is none.
ggml_type read_tensor_type(const Argument& name);

/**
 * `SourceRows` of ConverterAddon.ts; throws a TypeError unless the data is exactly rows x columns values. The result
 * points into it.
 */
SourceRows read_source(const Argument& source);

/// Where a quantized weight goes.
struct PackedWeight {
    std::vector<int32_t> rows; ///< output channel of each stored row, see `order_rows`
    size_t rows4;              ///< how many rows have 4 bits
    Packed4 packed4;
    Packed8 packed8;
};

/**
 * The component buffers of a weight, by suffix; throws a TypeError unless each is a Uint8Array of the size the format
 * asks for. Fills the mask.
 *
 * @param is_8bit one byte an output channel, nonzero for 8 bits
 */
PackedWeight read_packed(const Argument& components, const uint8_t* is_8bit, size_t outputs, size_t inputs);

} // namespace mixllm
