#pragma once

#include <napi.h>

namespace mixllm {

/// `convertRows(...)`; see ConverterAddon.ts.
Napi::Value bind_convert_rows(const Napi::CallbackInfo& info);

} // namespace mixllm
