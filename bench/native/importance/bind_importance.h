#pragma once

#include <napi.h>

/// Adds `compute_importance_matrix` to the addon.
void bind_importance(Napi::Env env, Napi::Object exports);
