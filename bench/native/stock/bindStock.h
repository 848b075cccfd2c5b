#pragma once

#include <napi.h>

/// Adds `quantizeStock` and `stockTypes` to the addon.
void bindStock(Napi::Env env, Napi::Object exports);
