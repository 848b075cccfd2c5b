#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synthetic/planned_tensor.h"

/// The components of a MixLLM weight named `name`: `.w4`, `.w4_scale`, `.w4_zero`, `.w8`, `.w8_scale` (those of an
/// empty part left out) and `.rows`.
///
/// @param percent8bit share of 8-bit output channels, rounded to a multiple of 16 channels
std::vector<PlannedTensor> plan_mixed_weight(const std::string& name, int64_t inputs, int64_t outputs,
                                             double percent8bit);
