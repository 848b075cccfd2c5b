// Adds the interpreted GPUs to ggml's devices when the library is loaded.

#include "ggml-backend-impl.h"
#include "ggml-cuda.h"
#include "interpreter/runtime.h"

namespace {

bool (*supports_op)(ggml_backend_dev_t, const ggml_tensor*);

// The backend's own answer for what can be interpreted.
bool supports_interpreted_op(ggml_backend_dev_t device, const ggml_tensor* op) {
    switch (op->op) {
    case GGML_OP_NONE:
    case GGML_OP_RESHAPE:
    case GGML_OP_VIEW:
    case GGML_OP_PERMUTE:
    case GGML_OP_TRANSPOSE:
    case GGML_OP_MUL_MAT_MIXLLM:
    case GGML_OP_MUL_MAT_ID_MIXLLM:
        return supports_op(device, op);
    default:
        return false;
    }
}

__attribute__((constructor)) void add_devices() {
    ggml_backend_reg_t backend = ggml_backend_cuda_reg();
    for (size_t i = 0; i < ggml_backend_reg_dev_count(backend); i++) {
        ggml_backend_dev_t device = ggml_backend_reg_dev_get(backend, i);
        supports_op = device->iface.supports_op;
        device->iface.supports_op = supports_interpreted_op;
    }
    ggml_backend_register(backend);
}

} // namespace

// Kernels that the devices have executed.
extern "C" size_t executed_kernels() {
    return interpreter::executed_kernels();
}
