// Stands in for cuBLAS's header of this name: what ggml-cuda.cu says of cuBLAS, which nothing here calls.

#pragma once

#include <cuda_runtime.h>
#include <library_types.h>

enum cublasStatus_t {
    CUBLAS_STATUS_SUCCESS,
    CUBLAS_STATUS_NOT_INITIALIZED,
    CUBLAS_STATUS_ALLOC_FAILED,
    CUBLAS_STATUS_INVALID_VALUE,
    CUBLAS_STATUS_ARCH_MISMATCH,
    CUBLAS_STATUS_MAPPING_ERROR,
    CUBLAS_STATUS_EXECUTION_FAILED,
    CUBLAS_STATUS_INTERNAL_ERROR,
    CUBLAS_STATUS_NOT_SUPPORTED,
};
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasComputeType_t { CUBLAS_COMPUTE_16F, CUBLAS_COMPUTE_32F };
enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT_TENSOR_OP };
enum cublasMath_t { CUBLAS_TENSOR_OP_MATH, CUBLAS_TF32_TENSOR_OP_MATH };
using cublasHandle_t = struct cublasContext*;

#define CUBLAS_VER_MAJOR 13
#define CUBLAS_VER_MINOR 0

template <class... Arguments>
cublasStatus_t no_cublas(Arguments...) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
}
#define cublasCreate no_cublas
#define cublasDestroy no_cublas
#define cublasGemmBatchedEx no_cublas
#define cublasGemmEx no_cublas
#define cublasGemmStridedBatchedEx no_cublas
#define cublasSetMathMode no_cublas
#define cublasSetStream no_cublas
#define cublasSetWorkspace no_cublas
#define cublasSgemm no_cublas

inline const char* cublasGetStatusString(cublasStatus_t) {
    return "there is no cuBLAS";
}
