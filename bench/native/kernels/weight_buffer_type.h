#pragma once

#include <ggml-backend.h>

namespace mixllm {

/// Where a device wants a weight.
struct WeightPlace {
    /// Null where the device cannot compute with it at all.
    ggml_backend_buffer_type_t type;
    /// Whether the weight is rearranged there for the kernels.
    bool repacked;
};

/// Where llama.cpp would put the weights of a product on a device: in one of its extra buffer types where one takes it,
/// as the CPU's for repacked weights do, else in its ordinary one.
///
/// @param product not yet allocated; `src[0]` is a weight
WeightPlace weight_buffer_type(ggml_backend_dev_t device, ggml_tensor* product);

} // namespace mixllm
