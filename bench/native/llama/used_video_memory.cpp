#include "llama/used_video_memory.h"

#include <ggml-backend.h>

std::optional<int64_t> used_video_memory() {
    std::optional<int64_t> used;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_GPU) {
            continue;
        }
        size_t free = 0;
        size_t total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        used = used.value_or(0) + static_cast<int64_t>(total - free);
    }
    return used;
}
