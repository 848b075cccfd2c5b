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

/**
 * The component buffers of a weight, by suffix, expert by expert; throws a TypeError unless each is a Uint8Array of the
 * size the format asks for. Fills the mask.
 *
 * @param is_8bit one byte an output channel, those of each expert in turn, nonzero for 8 bits
 * @param experts how many weights are stacked; 1 for an ordinary one
 * @param outputs output channels of each of them
 */
std::vector<PackedWeight> read_packed(const Argument& components, const uint8_t* is_8bit, size_t experts,
                                      size_t outputs, size_t inputs);

} // namespace mixllm
