// Stands in for CUDA's header of this name when the kernels are compiled for the host emulation.

#ifndef MIXLLM_EMULATION_CUDA_RUNTIME_API_H
#define MIXLLM_EMULATION_CUDA_RUNTIME_API_H

#include <stddef.h>
#include <stdint.h>

#define CUDART_VERSION 13000

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorLaunchFailure = 719,
};

typedef struct CUstream_st* cudaStream_t;

#endif
