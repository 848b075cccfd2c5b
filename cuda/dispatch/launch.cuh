#pragma once

#include "mixllm_cuda.h"

#include <cuda_runtime.h>

// Whether kernels may start early, see ptx/grid_dependency.cuh. Older CUDA does not capture such launches into graphs.
inline bool starts_early(const mixllm_cuda_device& device) {
    return CUDART_VERSION >= 12030 && device.architecture >= 90;
}

// Puts kernel(arguments...) on the stream, one-dimensional. The kernel must wait_for_kernels_before.
template <class... Parameters, class... Arguments>
cudaError_t launch(const mixllm_cuda_device& device, void (*kernel)(Parameters...), unsigned blocks, unsigned threads,
                   size_t shared_bytes, cudaStream_t stream, const Arguments&... arguments) {
    if (shared_bytes > 48 * 1024) {
        // More than every GPU has without asking.
        const cudaError_t error =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_bytes);
        if (error != cudaSuccess) {
            return error;
        }
    }
    cudaLaunchAttribute early = {};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    config.attrs = &early;
    config.numAttrs = starts_early(device) ? 1 : 0;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}
