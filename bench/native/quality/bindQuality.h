#pragma once

#include <napi.h>

/// Adds `measureQuality` and `scoreTokens` to the addon.
void bindQuality(Napi::Env env, Napi::Object exports);
