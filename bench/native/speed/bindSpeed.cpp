#include "speed/bindSpeed.h"

#include <memory>

#include "job/startJob.h"
#include "speed/SpeedModel.h"

namespace {

using SharedModel = std::shared_ptr<SpeedModel>;

/// A run of its own keeps the model alive, even if JavaScript closes it meanwhile.
SharedModel openModel(const Napi::CallbackInfo& info) {
    SharedModel model = *info[0].As<Napi::External<SharedModel>>().Data();
    if (model == nullptr)
        throw Napi::Error::New(info.Env(), "the model is closed");
    return model;
}

Napi::Value openSpeedModel(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const std::string path = options.Get("model").As<Napi::String>().Utf8Value();
    const int32_t prompt = options.Get("prompt").As<Napi::Number>().Int32Value();
    const int32_t generate = options.Get("generate").As<Napi::Number>().Int32Value();
    const int32_t threads = options.Get("threads").As<Napi::Number>().Int32Value();
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        auto model = std::make_shared<SpeedModel>(path, prompt, generate, threads, control);
        return [model](Napi::Env env) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("handle", Napi::External<SharedModel>::New(env, new SharedModel(model),
                                                                  [](Napi::Env, SharedModel* held) { delete held; }));
            object.Set("type", model->type());
            object.Set("loadSeconds", model->loadSeconds());
            return object;
        };
    });
}

Napi::Value warmUpSpeedModel(const Napi::CallbackInfo& info) {
    const SharedModel model = openModel(info);
    return startJob(info.Env(), info.Env().Undefined(), [model](JobControl& control) {
        model->warmUp(control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

Napi::Value timeTest(const Napi::CallbackInfo& info, double (SpeedModel::*run)(uint32_t, JobControl&)) {
    const SharedModel model = openModel(info);
    const uint32_t seed = info[1].As<Napi::Number>().Uint32Value();
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        const double seconds = ((*model).*run)(seed, control);
        return [seconds](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, seconds); };
    });
}

Napi::Value timePrompt(const Napi::CallbackInfo& info) {
    return timeTest(info, &SpeedModel::timePrompt);
}

Napi::Value timeGeneration(const Napi::CallbackInfo& info) {
    return timeTest(info, &SpeedModel::timeGeneration);
}

void closeSpeedModel(const Napi::CallbackInfo& info) {
    info[0].As<Napi::External<SharedModel>>().Data()->reset();
}

} // namespace

void bindSpeed(Napi::Env env, Napi::Object exports) {
    exports.Set("openSpeedModel", Napi::Function::New(env, openSpeedModel, "openSpeedModel"));
    exports.Set("warmUpSpeedModel", Napi::Function::New(env, warmUpSpeedModel, "warmUpSpeedModel"));
    exports.Set("timePrompt", Napi::Function::New(env, timePrompt, "timePrompt"));
    exports.Set("timeGeneration", Napi::Function::New(env, timeGeneration, "timeGeneration"));
    exports.Set("closeSpeedModel", Napi::Function::New(env, closeSpeedModel, "closeSpeedModel"));
}
