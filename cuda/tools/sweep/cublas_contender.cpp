#include "cublas_contender.h"

#include "random_values.h"

#include <cuda_fp16.h>

// cuBLAS allocates none of its own while a graph is captured. 32 MiB is what it takes on Hopper.
static const size_t workspace_bytes = size_t(32) << 20;

static void require_status(cublasStatus_t status, const char* what) {
    if (status != CUBLAS_STATUS_SUCCESS) {
        throw std::runtime_error(std::string(what) + " failed with status " + std::to_string((int)status));
    }
}

static std::vector<uint16_t> random_halves(size_t count) {
    std::vector<uint16_t> halves;
    halves.reserve(count);
    for (const float value : random_normal(count)) {
        halves.push_back(static_cast<__half_raw>(__float2half(value)).x);
    }
    return halves;
}

CublasContender::CublasContender(const Shape& shape, size_t l2_bytes) : shape(shape), workspace(workspace_bytes) {
    const std::vector<uint16_t> values = random_halves((size_t)(shape.n * shape.k));
    const int copies = weight_copies(weight_bytes(), l2_bytes);
    for (int i = 0; i < copies; i++) {
        weights.push_back(std::make_unique<DeviceArray<uint16_t>>(values));
    }
    require_status(cublasCreate(&handle), "cublasCreate");
    require_status(cublasSetWorkspace(handle, workspace.get(), workspace_bytes), "cublasSetWorkspace");
}

CublasContender::~CublasContender() {
    captured.reset();
    cublasDestroy(handle);
}

void CublasContender::prepare(int64_t tokens) {
    captured.reset();
    x = std::make_unique<DeviceArray<uint16_t>>(random_halves((size_t)(tokens * shape.k)));
    y = std::make_unique<DeviceArray<uint16_t>>((size_t)(tokens * shape.n));
    captured = std::make_unique<CapturedSeries>(series(), [&](int i, cudaStream_t stream) {
        const float one = 1, zero = 0;
        require_status(cublasSetStream(handle, stream), "cublasSetStream");
        // A change of stream takes the workspace away.
        require_status(cublasSetWorkspace(handle, workspace.get(), workspace_bytes), "cublasSetWorkspace");
        require_status(cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, (int)shape.n, (int)tokens, (int)shape.k, &one,
                                    weights[(size_t)i % weights.size()]->get(), CUDA_R_16F, (int)shape.k, x->get(),
                                    CUDA_R_16F, (int)shape.k, &zero, y->get(), CUDA_R_16F, (int)shape.n,
                                    CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
                       "cublasGemmEx");
    });
}
