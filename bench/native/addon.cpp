#include <napi.h>

#include "quality/bindQuality.h"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    bindQuality(env, exports);
    return exports;
}

NODE_API_MODULE(mixllm_bench, initialize)
