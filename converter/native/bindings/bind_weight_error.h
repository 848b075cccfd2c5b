#pragma once

#include <napi.h>

namespace mixllm {

/// `weightError(...)`; see ConverterAddon.ts.
Napi::Value bind_weight_error(const Napi::CallbackInfo& info);

} // namespace mixllm
