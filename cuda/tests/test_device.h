#ifndef MIXLLM_TEST_DEVICE_H
#define MIXLLM_TEST_DEVICE_H

#include "mixllm_cuda.h"

#include <string>

// What the tests run on: the emulation or a GPU.

// Whether kernels for `device` run here.
bool runs_here(const mixllm_cuda_device& device);

// What the emulation found wrong since the last call, if anything.
std::string take_fault();

#endif
