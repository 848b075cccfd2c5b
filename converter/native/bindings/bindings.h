#pragma once

#include <napi.h>

namespace mixllm {

/// Adds what converts, ranks and quantizes single weights; see ConverterAddon.ts.
void bind_weights(Napi::Env env, Napi::Object exports);

/// Adds tokenization and samples of a model; see MethodAddon.ts.
void bind_text(Napi::Env env, Napi::Object exports);

/// Adds a model's graph and the calibrated steps, one section of it a call; see MethodAddon.ts.
void bind_sections(Napi::Env env, Napi::Object exports);

} // namespace mixllm
