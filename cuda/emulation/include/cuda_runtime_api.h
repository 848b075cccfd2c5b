// Stands in for CUDA's header of this name when the kernels are compiled for the host emulation.

#pragma once

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
