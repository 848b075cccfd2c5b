#include "bind_head_loss.h"

#include <algorithm>
#include <memory>

#include "../method/head_loss.h"
#include "arguments.h"
#include "async_task.h"
#include "read_layer.h"

namespace mixllm {

Napi::Value bind_head_loss(const Napi::CallbackInfo& info) {
    const Napi::Object call = info[0].As<Napi::Object>();
    std::vector<Napi::Object> buffers;
    HeadSources sources{};
    sources.norm = read_weight(call.Get("norm").As<Napi::Object>(), buffers);
    sources.head = read_weight(call.Get("head").As<Napi::Object>(), buffers);
    sources.norm_epsilon = call.Get("normEpsilon").As<Napi::Number>();
    const Calibration calibration = read_calibration(call.Get("calibration").As<Napi::Object>());
    const int threads = static_cast<int>(read_size(call.Get("threads"), "threads"));
    const std::string input = info[1].As<Napi::String>();
    const std::string gradient = info[2].As<Napi::String>();
    for (const int32_t token : calibration.tokens) {
        if (token < 0 || token >= sources.head.rows) {
            throw Napi::TypeError::New(info.Env(), "a calibration token is outside the vocabulary");
        }
    }
    const auto losses = std::make_shared<std::vector<double>>();
    return AsyncTask::run(
        info.Env(), buffers,
        [=] {
            Engine engine(threads);
            *losses = head_loss(engine, sources, calibration, input, gradient);
        },
        [=](Napi::Env env) {
            Napi::Float64Array result = Napi::Float64Array::New(env, losses->size());
            std::copy(losses->begin(), losses->end(), result.Data());
            return result;
        });
}

} // namespace mixllm
