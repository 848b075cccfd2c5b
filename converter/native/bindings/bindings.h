#pragma once

#include <napi.h>

namespace mixllm {

/// Adds what converts, ranks and quantizes single weights; see ConverterAddon.ts.
void bind_weights(Napi::Env env, Napi::Object exports);

/// Adds tokenization and samples of a model; see MethodAddon.ts.
void bind_text(Napi::Env env, Napi::Object exports);

/// Adds the calibrated steps, one decoder layer a call; see MethodAddon.ts.
void bind_layers(Napi::Env env, Napi::Object exports);

} // namespace mixllm
