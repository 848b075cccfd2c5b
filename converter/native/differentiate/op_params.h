#pragma once

#include <ggml.h>

#include <cstdint>
#include <cstring>

namespace mixllm {

/// Parameter `index` of an op, as ggml stores it.
inline float float_param(const ggml_tensor* node, int index) {
    float value;
    std::memcpy(&value, &node->op_params[index], sizeof(value));
    return value;
}

inline int32_t int_param(const ggml_tensor* node, int index) {
    return node->op_params[index];
}

} // namespace mixllm
