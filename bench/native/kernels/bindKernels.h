#pragma once

#include <napi.h>

/// Adds `kernelTypes`, `kernelDevices`, `openKernel`, `timeKernel`, `closeKernel` and `measureCeilings` to the addon.
void bindKernels(Napi::Env env, Napi::Object exports);
