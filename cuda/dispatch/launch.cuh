#ifndef MIXLLM_LAUNCH_CUH
#define MIXLLM_LAUNCH_CUH

#include <cuda_runtime.h>

// Puts kernel(arguments...) on the stream, one-dimensional.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), unsigned blocks, unsigned threads, size_t shared_bytes,
                   cudaStream_t stream, const Arguments&... arguments) {
    if (shared_bytes > 48 * 1024) {
        // More than every GPU has without asking.
        const cudaError_t error =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_bytes);
        if (error != cudaSuccess) {
            return error;
        }
    }
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

#endif
