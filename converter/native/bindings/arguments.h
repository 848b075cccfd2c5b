#pragma once

#include <cstddef>
#include <string>

#include <napi.h>

#include "../weights/source_rows.h"
#include "ggml.h"

namespace mixllm {

/// The ggml type named by `value`; throws a TypeError when it is not one.
ggml_type read_tensor_type(const Napi::Value& value);

/// A non-negative integer below 2^53; throws a TypeError naming `what` otherwise.
size_t read_size(const Napi::Value& value, const char* what);

/**
 * `{ data: Uint8Array, type: "f32" | "f16" | "bf16", rows: number, columns: number }`; throws a TypeError when the
 * data is not exactly rows x columns values. The result points into `data`, which the caller keeps alive.
 */
SourceRows read_source(const Napi::Object& source);

/// A typed array's first byte; throws a TypeError naming `what` unless it is one of exactly `bytes` bytes.
unsigned char* read_buffer(const Napi::Value& value, size_t bytes, const char* what);

} // namespace mixllm
