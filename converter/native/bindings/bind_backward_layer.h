#pragma once

#include <napi.h>

namespace mixllm {

/// `backwardLayer(call, input, outputGradient, inputGradient)`; see MethodAddon.ts.
Napi::Value bind_backward_layer(const Napi::CallbackInfo& info);

} // namespace mixllm
