#pragma once

#include <napi.h>

namespace mixllm {

/// `encodeHeader(metadata, tensors)`; see ConverterAddon.ts.
Napi::Value bind_encode_header(const Napi::CallbackInfo& info);

} // namespace mixllm
