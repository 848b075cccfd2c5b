#pragma once

#include <napi.h>

/// Adds `computeImportanceMatrix` to the addon.
void bindImportance(Napi::Env env, Napi::Object exports);
