#pragma once

#include <napi.h>

namespace mixllm {

/// `tokenize(vocabulary, text)`; see MethodAddon.ts.
Napi::Value bind_tokenize(const Napi::CallbackInfo& info);

} // namespace mixllm
