#pragma once

#include <napi.h>

/// Adds `openSpeedModel`, `prepareSpeedTest`, `timeSpeedTest`, `closeSpeedModel` and `measureStart` to the addon.
void bindSpeed(Napi::Env env, Napi::Object exports);
