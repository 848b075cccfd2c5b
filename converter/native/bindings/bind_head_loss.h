#pragma once

#include <napi.h>

namespace mixllm {

/// `headLoss(call, input, gradient)`; see MethodAddon.ts.
Napi::Value bind_head_loss(const Napi::CallbackInfo& info);

} // namespace mixllm
