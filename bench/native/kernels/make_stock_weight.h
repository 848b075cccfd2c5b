#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_weight.h"

/// Names of the types `make_stock_weight` knows, such as `Q4_K`.
const std::vector<std::string>& stock_kernel_types();

/// @param type one of `stock_kernel_types()`
/// @throws InputError when the type is not known or its blocks do not divide the inputs
KernelWeight make_stock_weight(const std::string& type, int64_t inputs, int64_t outputs);
