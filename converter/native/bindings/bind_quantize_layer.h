#pragma once

#include <napi.h>

namespace mixllm {

/// `quantizeLayer(call, linears, files, options)`; see MethodAddon.ts.
Napi::Value bind_quantize_layer(const Napi::CallbackInfo& info);

} // namespace mixllm
