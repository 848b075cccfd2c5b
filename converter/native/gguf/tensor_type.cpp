#include "tensor_type.h"

namespace mixllm {

std::optional<ggml_type> find_tensor_type(const std::string& name) {
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        const ggml_type type = static_cast<ggml_type>(i);
        const char* candidate = ggml_type_name(type);
        // Retired ids keep a slot whose block size is 0.
        if (candidate != nullptr && ggml_blck_size(type) > 0 && name == candidate) {
            return type;
        }
    }
    return std::nullopt;
}

} // namespace mixllm
