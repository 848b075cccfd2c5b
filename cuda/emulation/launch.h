#pragma once

#include <cuda_runtime_api.h>

#include "block.h"
#include "fault.h"

#include <functional>

namespace emulation {

// Runs `kernel` on every thread of every block; on a fault the rest is dropped. early: it may start before the kernel
// before it is over.
cudaError_t launch(Dim3 grid, unsigned threads, size_t shared_bytes, const std::function<void()>& kernel,
                   bool early = false);

} // namespace emulation
