// Stands in for cuda/ptx/grid_dependency.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

inline void wait_for_kernels_before() {
    emulation::running_block().wait_for_kernels_before();
}

inline void let_next_kernel_start() {
    emulation::running_block().let_next_kernel_start();
}
