#pragma once

#include <functional>
#include <stddef.h>
#include <string>

namespace interpreter {

// A GPU that executes the PTX of one target.
struct Device {
    const char* target;
    int capability;           // 10 times major, and minor
    size_t most_shared_bytes; // a block, with leave
};

// The one that MIXLLM_PTX_TARGET in the environment names: sm_75, sm_80, sm_90a or sm_120. Throws Fault if it says
// something else.
const Device& device();

// A kernel as nvcc's host code registers it: the function that stands for it on the host.
void add_kernel(const void* function, const void* fat_binary, const std::string& name);

// Of dynamic shared memory, what cudaFuncSetAttribute allows a kernel beyond 48 KiB.
bool allow_shared_bytes(const void* function, size_t bytes);

// What runs a kernel to its end, any number of times, and returns what it did wrong. early: as of Launch; arguments: as
// cudaLaunchKernel has them.
std::function<std::string()> prepare(const void* function, unsigned blocks, unsigned threads, size_t shared_bytes,
                                     bool early, void** arguments);

} // namespace interpreter
