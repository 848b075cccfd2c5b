#pragma once

#include <napi.h>

/// Adds `quantize_stock` and `stock_types` to the addon.
void bind_stock(Napi::Env env, Napi::Object exports);
