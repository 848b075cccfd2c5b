#pragma once

#include <string>
#include <vector>

#include "kernels/KernelWeight.h"

/// Names of the types `makeStockWeight` knows, such as `Q4_K`.
const std::vector<std::string>& stockKernelTypes();

/// @param type one of `stockKernelTypes()`
/// @throws InputError when the type is not known or its blocks do not divide the inputs
KernelWeight makeStockWeight(const std::string& type, int64_t inputs, int64_t outputs);
