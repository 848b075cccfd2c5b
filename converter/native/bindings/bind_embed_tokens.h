#pragma once

#include <napi.h>

namespace mixllm {

/// `embedTokens(calibration, embedding, output)`; see MethodAddon.ts.
Napi::Value bind_embed_tokens(const Napi::CallbackInfo& info);

} // namespace mixllm
