#pragma once

#include "kernel_set.h"

// Holds the products of experts against the definition, bit for bit; says on stderr what was wrong.
bool test_experts(const KernelSet& kernels);
