#include "bind_forward_layer.h"

#include "../method/forward_layer.h"
#include "async_task.h"
#include "read_layer.h"

namespace mixllm {

Napi::Value bind_forward_layer(const Napi::CallbackInfo& info) {
    const LayerCall call = read_layer_call(info[0].As<Napi::Object>());
    const std::string input = info[1].As<Napi::String>();
    const std::string output = info[2].As<Napi::String>();
    return AsyncTask::run(
        info.Env(), call.buffers,
        [shape = call.shape, sources = call.sources, calibration = call.calibration, threads = call.threads, input,
         output] {
            Engine engine(threads);
            const LayerWeights weights(engine, shape, sources, LayerWeights::Purpose::forward);
            forward_layer(engine, shape, weights, calibration, input, output);
        },
        [](Napi::Env env) { return env.Undefined(); });
}

} // namespace mixllm
