#include <napi.h>

#include "importance/bindImportance.h"
#include "kernels/bindKernels.h"
#include "quality/bindQuality.h"
#include "speed/bindSpeed.h"
#include "stock/bindStock.h"
#include "synthetic/bindSynthetic.h"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    bindImportance(env, exports);
    bindKernels(env, exports);
    bindQuality(env, exports);
    bindSpeed(env, exports);
    bindStock(env, exports);
    bindSynthetic(env, exports);
    return exports;
}

NODE_API_MODULE(mixllm_bench, initialize)
