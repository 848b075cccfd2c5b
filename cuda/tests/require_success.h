#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

// Throws unless the CUDA call succeeded.
inline void require_success(cudaError_t error, const char* what) {
    if (error != cudaSuccess) {
        throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
    }
}
