#pragma once

#include <napi.h>

/// Adds `openSpeedModel`, `warmUpSpeedModel`, `timePrompt`, `timeGeneration` and `closeSpeedModel` to the addon.
void bindSpeed(Napi::Env env, Napi::Object exports);
