#include <memory>

#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "speed/measure_start.h"
#include "speed/speed_model.h"

namespace mixllm {

namespace {

using SharedModel = std::shared_ptr<SpeedModel>;

ModelPlacement read_placement(const Argument& options) {
    return {options["threads"].integer<int32_t>(1), options["gpuLayers"].integer<int32_t>()};
}

/// A run of its own keeps the model alive, even if JavaScript closes it meanwhile.
SharedModel open_model(const Napi::CallbackInfo& info) {
    SharedModel model = Argument(info[0], "handle").handle<SharedModel>();
    if (model == nullptr) {
        throw Napi::Error::New(info.Env(), "the model is closed");
    }
    return model;
}

Napi::Value open_speed_model(const Napi::CallbackInfo& info) {
    const Argument options(info[0], "options");
    const std::string path = options["model"].text();
    const ModelPlacement placement = read_placement(options);
    return start_job(info, [=](JobControl& control) -> JobResult {
        auto model = std::make_shared<SpeedModel>(path, placement, control);
        return [model](Napi::Env env) {
            Napi::Object object = Napi::Object::New(env);
            object.Set("handle", Napi::External<SharedModel>::New(env, new SharedModel(model),
                                                                  [](Napi::Env, SharedModel* held) { delete held; }));
            object.Set("type", model->type());
            return object;
        };
    });
}

Napi::Value prepare_speed_test(const Napi::CallbackInfo& info) {
    const SharedModel model = open_model(info);
    const Argument options(info[1], "test");
    const SpeedTest test{options["tokens"].integer<int32_t>(1), options["generation"].flag(),
                         options["depth"].integer<int32_t>()};
    return start_job(info, [=](JobControl& control) -> JobResult {
        model->prepare(test, control);
        return no_result;
    });
}

Napi::Value time_speed_test(const Napi::CallbackInfo& info) {
    const SharedModel model = open_model(info);
    const uint32_t seed = Argument(info[1], "seed").integer<uint32_t>();
    return start_job(info, [=](JobControl& control) -> JobResult {
        const double seconds = model->time(seed, control);
        return [seconds](Napi::Env env) { return Napi::Number::New(env, seconds); };
    });
}

void close_speed_model(const Napi::CallbackInfo& info) {
    Argument(info[0], "handle").handle<SharedModel>().reset();
}

Napi::Value bind_measure_start(const Napi::CallbackInfo& info) {
    const Argument options(info[0], "options");
    const std::string path = options["model"].text();
    const int32_t prompt = options["prompt"].integer<int32_t>(1);
    const int32_t context = options["context"].integer<int32_t>(1);
    const ModelPlacement placement = read_placement(options);
    return start_job(info, [=](JobControl& control) -> JobResult {
        const ModelStart start = measure_start(path, prompt, context, placement, control);
        return [start](Napi::Env env) {
            Napi::Object object = Napi::Object::New(env);
            object.Set("loadSeconds", start.load_seconds);
            object.Set("firstTokenSeconds", start.first_token_seconds);
            if (start.video_memory_bytes.has_value()) {
                object.Set("videoMemoryBytes", static_cast<double>(*start.video_memory_bytes));
            } else {
                object.Set("videoMemoryBytes", env.Null());
            }
            return object;
        };
    });
}

} // namespace

void bind_speed(Napi::Env env, Napi::Object exports) {
    exports.Set("openSpeedModel", Napi::Function::New(env, open_speed_model, "openSpeedModel"));
    exports.Set("prepareSpeedTest", Napi::Function::New(env, prepare_speed_test, "prepareSpeedTest"));
    exports.Set("timeSpeedTest", Napi::Function::New(env, time_speed_test, "timeSpeedTest"));
    exports.Set("closeSpeedModel", Napi::Function::New(env, close_speed_model, "closeSpeedModel"));
    exports.Set("measureStart", Napi::Function::New(env, bind_measure_start, "measureStart"));
}

} // namespace mixllm
