#include "bind_embed_tokens.h"

#include "../method/embed_tokens.h"
#include "async_task.h"
#include "read_layer.h"

namespace mixllm {

Napi::Value bind_embed_tokens(const Napi::CallbackInfo& info) {
    std::vector<Napi::Object> buffers;
    const Calibration calibration = read_calibration(info[0].As<Napi::Object>());
    const WeightSource embedding = read_weight(info[1].As<Napi::Object>(), buffers);
    const std::string output = info[2].As<Napi::String>();
    return AsyncTask::run(
        info.Env(), buffers, [=] { embed_tokens(calibration, embedding, output); },
        [](Napi::Env env) { return env.Undefined(); });
}

} // namespace mixllm
