#include "graph_device.h"

#include <stdexcept>

namespace mixllm {

ggml_backend_dev_t graph_device() {
    // Backends built as separate libraries (dynamic loading) register only on this call; it does nothing twice.
    if (ggml_backend_dev_count() == 0) {
        ggml_backend_load_all();
    }
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    if (device == nullptr) {
        device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    }
    if (device == nullptr) {
        throw std::runtime_error("ggml offers no CPU backend; the runtime's build is incomplete");
    }
    return device;
}

} // namespace mixllm
