#pragma once

#include <napi.h>

namespace mixllm {

/// `findNonFinite(source, threads)`; see MethodAddon.ts.
Napi::Value bind_find_non_finite(const Napi::CallbackInfo& info);

} // namespace mixllm
