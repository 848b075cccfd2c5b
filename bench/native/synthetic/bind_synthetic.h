#pragma once

#include <napi.h>

/// Adds `write_synthetic_model` to the addon.
void bind_synthetic(Napi::Env env, Napi::Object exports);
