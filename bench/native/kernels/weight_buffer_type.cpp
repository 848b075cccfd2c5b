#include "kernels/weight_buffer_type.h"

#include <ggml-cpp.h>

namespace mixllm {

namespace {

/// Backends look at the buffer a weight lies in to say whether they can compute with it.
bool takes(ggml_backend_dev_t device, ggml_backend_buffer_type_t type, ggml_tensor* product) {
    const ggml_backend_buffer_ptr empty(ggml_backend_buft_alloc_buffer(type, 0));
    for (ggml_tensor* source : product->src) {
        if (source != nullptr && source->view_src == nullptr) {
            source->buffer = empty.get();
        }
    }
    const bool supported = ggml_backend_dev_supports_op(device, product);
    for (ggml_tensor* source : product->src) {
        if (source != nullptr && source->view_src == nullptr) {
            source->buffer = nullptr;
        }
    }
    return supported;
}

} // namespace

WeightPlace weight_buffer_type(ggml_backend_dev_t device, ggml_tensor* product) {
    const auto extra_types = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
    ggml_backend_buffer_type_t* extra = extra_types == nullptr ? nullptr : extra_types(device);
    for (; extra != nullptr && *extra != nullptr; extra++) {
        if (takes(device, *extra, product)) {
            return {*extra, true};
        }
    }
    ggml_backend_buffer_type_t ordinary = ggml_backend_dev_buffer_type(device);
    return {takes(device, ordinary, product) ? ordinary : nullptr, false};
}

} // namespace mixllm
