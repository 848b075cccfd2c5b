#include <napi.h>

#include "bindings/bindings.h"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    mixllm::bind_importance(env, exports);
    mixllm::bind_kernels(env, exports);
    mixllm::bind_quality(env, exports);
    mixllm::bind_speed(env, exports);
    mixllm::bind_stock(env, exports);
    mixllm::bind_synthetic(env, exports);
    return exports;
}

NODE_API_MODULE(mixllm_bench, initialize)
