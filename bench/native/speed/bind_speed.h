#pragma once

#include <napi.h>

/// Adds `open_speed_model`, `prepare_speed_test`, `time_speed_test`, `close_speed_model` and `measure_start` to the
/// addon.
void bind_speed(Napi::Env env, Napi::Object exports);
