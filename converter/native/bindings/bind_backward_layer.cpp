#include "bind_backward_layer.h"

#include <algorithm>
#include <memory>

#include "../method/backward_layer.h"
#include "async_task.h"
#include "read_layer.h"

namespace mixllm {

namespace {

Napi::Value to_array(Napi::Env env, const std::vector<float>& values) {
    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

} // namespace

Napi::Value bind_backward_layer(const Napi::CallbackInfo& info) {
    const LayerCall call = read_layer_call(info[0].As<Napi::Object>());
    const std::string input = info[1].As<Napi::String>();
    const std::string output_gradient = info[2].As<Napi::String>();
    const std::string input_gradient = info[3].As<Napi::String>();
    const auto salience = std::make_shared<LayerSalience>();
    return AsyncTask::run(
        info.Env(), call.buffers,
        [=, shape = call.shape, sources = call.sources, calibration = call.calibration, threads = call.threads] {
            Engine engine(threads);
            const LayerWeights weights(engine, shape, sources, LayerWeights::Purpose::backward);
            *salience = backward_layer(engine, shape, weights, calibration, input, output_gradient, input_gradient);
        },
        [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            for (size_t i = 0; i < linear_count; i++) {
                const Napi::Object linear = Napi::Object::New(env);
                linear.Set("taylor", to_array(env, (*salience)[i].taylor));
                linear.Set("fisher", to_array(env, (*salience)[i].fisher));
                result.Set(std::string(linear_tensor_names[i]) + ".weight", linear);
            }
            return result;
        });
}

} // namespace mixllm
