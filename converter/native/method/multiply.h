#pragma once

#include <ggml.h>

namespace mixllm {

/// `ggml_mul_mat` that accumulates in float whatever the device prefers.
inline ggml_tensor* multiply(ggml_context* context, ggml_tensor* a, ggml_tensor* b) {
    ggml_tensor* product = ggml_mul_mat(context, a, b);
    ggml_prec_set_acc(product, GGML_PREC_F32);
    return product;
}

} // namespace mixllm
