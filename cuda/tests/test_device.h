#pragma once

#include "mixllm_cuda.h"

#include <string>

// What the tests run on: the emulation or a GPU.

// Whether kernels for `device` run here. On a GPU, MIXLLM_TEST_WITHOUT_WGMMA in the environment leaves out wgmma and
// bulk copies.
bool runs_here(const mixllm_cuda_device& device);

// What the emulation found wrong since the last call, if anything.
std::string take_fault();
