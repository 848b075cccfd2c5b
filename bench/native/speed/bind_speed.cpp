#include "speed/bind_speed.h"

#include <memory>

#include "job/start_job.h"
#include "speed/measure_start.h"
#include "speed/speed_model.h"

namespace {

using SharedModel = std::shared_ptr<SpeedModel>;

int32_t integer(const Napi::Object& object, const char* name) {
    return object.Get(name).As<Napi::Number>().Int32Value();
}

ModelPlacement placement_of(const Napi::Object& options) {
    return {integer(options, "threads"), integer(options, "gpuLayers")};
}

/// A run of its own keeps the model alive, even if JavaScript closes it meanwhile.
SharedModel open_model(const Napi::CallbackInfo& info) {
    SharedModel model = *info[0].As<Napi::External<SharedModel>>().Data();
    if (model == nullptr) {
        throw Napi::Error::New(info.Env(), "the model is closed");
    }
    return model;
}

Napi::Value open_speed_model(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const std::string path = options.Get("model").As<Napi::String>().Utf8Value();
    const ModelPlacement placement = placement_of(options);
    return start_job(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        auto model = std::make_shared<SpeedModel>(path, placement, control);
        return [model](Napi::Env env) -> Napi::Value {
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
    const Napi::Object options = info[1].As<Napi::Object>();
    const SpeedTest test{integer(options, "tokens"), options.Get("generation").As<Napi::Boolean>().Value(),
                         integer(options, "depth")};
    return start_job(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        model->prepare(test, control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

Napi::Value time_speed_test(const Napi::CallbackInfo& info) {
    const SharedModel model = open_model(info);
    const uint32_t seed = info[1].As<Napi::Number>().Uint32Value();
    return start_job(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        const double seconds = model->time(seed, control);
        return [seconds](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, seconds); };
    });
}

void close_speed_model(const Napi::CallbackInfo& info) {
    info[0].As<Napi::External<SharedModel>>().Data()->reset();
}

Napi::Value bind_measure_start(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const std::string path = options.Get("model").As<Napi::String>().Utf8Value();
    const int32_t prompt = integer(options, "prompt");
    const int32_t context = integer(options, "context");
    const ModelPlacement placement = placement_of(options);
    return start_job(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        const ModelStart start = measure_start(path, prompt, context, placement, control);
        return [start](Napi::Env env) -> Napi::Value {
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
