#pragma once

#include <napi.h>

/// Adds `kernel_types`, `kernel_devices`, `open_kernel`, `time_kernel`, `close_kernel` and `measure_ceilings` to the
/// addon.
void bind_kernels(Napi::Env env, Napi::Object exports);
