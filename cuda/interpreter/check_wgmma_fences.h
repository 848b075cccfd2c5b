#pragma once

#include "interpreter/program.h"

namespace interpreter {

// Throws Fault unless a wgmma.fence stands before each wgmma.mma_async on the straight line to it, and nothing but
// other wgmma.mma_async touches its registers from there on. PTX ISA, "wgmma.fence".
void check_wgmma_fences(const Kernel& kernel);

} // namespace interpreter
