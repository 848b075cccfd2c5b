#include <napi.h>

#include "bindings/bindings.h"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    mixllm::bind_weights(env, exports);
    mixllm::bind_text(env, exports);
    mixllm::bind_sections(env, exports);
    return exports;
}

NODE_API_MODULE(mixllm_converter, initialize)
