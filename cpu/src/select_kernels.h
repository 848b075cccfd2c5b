#pragma once

#include "kernel_set.h"

// The kernels of the best instruction set this machine runs, or of the one MIXLLM_CPU_ISA names. Chosen once.
const KernelSet& select_kernels();

// All compiled-in sets, best first, ending with null; those with runs_here() false must not be called.
const KernelSet* const* all_kernels();
