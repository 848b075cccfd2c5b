#include <napi.h>

#include "importance/bind_importance.h"
#include "kernels/bind_kernels.h"
#include "quality/bind_quality.h"
#include "speed/bind_speed.h"
#include "stock/bind_stock.h"
#include "synthetic/bind_synthetic.h"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    bind_importance(env, exports);
    bind_kernels(env, exports);
    bind_quality(env, exports);
    bind_speed(env, exports);
    bind_stock(env, exports);
    bind_synthetic(env, exports);
    return exports;
}

NODE_API_MODULE(mixllm_bench, initialize)
