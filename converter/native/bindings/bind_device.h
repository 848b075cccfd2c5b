#pragma once

#include <napi.h>

namespace mixllm {

/// `device()`; see MethodAddon.ts.
Napi::Value bind_device(const Napi::CallbackInfo& info);

} // namespace mixllm
