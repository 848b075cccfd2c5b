#pragma once

#include <napi.h>

/// Adds `measure_quality` and `score_tokens` to the addon.
void bind_quality(Napi::Env env, Napi::Object exports);
