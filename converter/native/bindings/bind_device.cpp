#include "bind_device.h"

#include <stdexcept>

#include "../method/graph_device.h"

namespace mixllm {

Napi::Value bind_device(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    try {
        ggml_backend_dev_t device = graph_device();
        size_t free_bytes = 0;
        size_t all_bytes = 0;
        ggml_backend_dev_memory(device, &free_bytes, &all_bytes);
        const Napi::Object result = Napi::Object::New(env);
        result.Set("name", ggml_backend_dev_description(device));
        result.Set("isGpu", ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_GPU);
        result.Set("freeBytes", static_cast<double>(free_bytes));
        return result;
    } catch (const std::runtime_error& error) {
        throw Napi::Error::New(env, error.what());
    }
}

} // namespace mixllm
