#pragma once

#include <napi.h>

namespace mixllm {

/// `generateSamples(model, samples, length, seed, threads)`; see MethodAddon.ts.
Napi::Value bind_generate_samples(const Napi::CallbackInfo& info);

} // namespace mixllm
