#pragma once

#include <napi.h>

/// Adds `writeSyntheticModel` to the addon.
void bindSynthetic(Napi::Env env, Napi::Object exports);
