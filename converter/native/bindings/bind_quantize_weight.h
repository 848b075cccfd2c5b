#pragma once

#include <napi.h>

namespace mixllm {

/// `quantizeWeight(...)`; see ConverterAddon.ts.
Napi::Value bind_quantize_weight(const Napi::CallbackInfo& info);

} // namespace mixllm
