#pragma once

#include "kernels/kernel_weight.h"

/// A weight in MixLLM form.
///
/// @param percent8bit share of 8-bit output channels, rounded to a multiple of 16 channels
/// @throws InputError when the format cannot hold such a shape
KernelWeight make_mixed_weight(double percent8bit, int64_t inputs, int64_t outputs);
