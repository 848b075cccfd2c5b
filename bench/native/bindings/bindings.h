#pragma once

#include <napi.h>

namespace mixllm {

/// Each adds its subject's functions to the addon; see BenchAddon.ts.
void bind_importance(Napi::Env env, Napi::Object exports);
void bind_kernels(Napi::Env env, Napi::Object exports);
void bind_quality(Napi::Env env, Napi::Object exports);
void bind_speed(Napi::Env env, Napi::Object exports);
void bind_stock(Napi::Env env, Napi::Object exports);
void bind_synthetic(Napi::Env env, Napi::Object exports);

} // namespace mixllm
