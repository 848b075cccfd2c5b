#pragma once

#include <napi.h>

namespace mixllm {

/// `forwardLayer(call, input, output)`; see MethodAddon.ts.
Napi::Value bind_forward_layer(const Napi::CallbackInfo& info);

} // namespace mixllm
