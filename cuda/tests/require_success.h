#ifndef MIXLLM_TEST_REQUIRE_SUCCESS_H
#define MIXLLM_TEST_REQUIRE_SUCCESS_H

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

// Throws unless the CUDA call succeeded.
inline void require_success(cudaError_t error, const char* what) {
    if (error != cudaSuccess) {
        throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
    }
}

#endif
