#include "speed/bindSpeed.h"

#include <memory>

#include "job/startJob.h"
#include "speed/SpeedModel.h"
#include "speed/measureStart.h"

namespace {

using SharedModel = std::shared_ptr<SpeedModel>;

int32_t integer(const Napi::Object& object, const char* name) {
    return object.Get(name).As<Napi::Number>().Int32Value();
}

ModelPlacement placementOf(const Napi::Object& options) {
    return {integer(options, "threads"), integer(options, "gpuLayers")};
}

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
    const ModelPlacement placement = placementOf(options);
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
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

Napi::Value prepareSpeedTest(const Napi::CallbackInfo& info) {
    const SharedModel model = openModel(info);
    const Napi::Object options = info[1].As<Napi::Object>();
    const SpeedTest test{integer(options, "tokens"), options.Get("generation").As<Napi::Boolean>().Value(),
                         integer(options, "depth")};
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        model->prepare(test, control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

Napi::Value timeSpeedTest(const Napi::CallbackInfo& info) {
    const SharedModel model = openModel(info);
    const uint32_t seed = info[1].As<Napi::Number>().Uint32Value();
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        const double seconds = model->time(seed, control);
        return [seconds](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, seconds); };
    });
}

void closeSpeedModel(const Napi::CallbackInfo& info) {
    info[0].As<Napi::External<SharedModel>>().Data()->reset();
}

Napi::Value bindMeasureStart(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const std::string path = options.Get("model").As<Napi::String>().Utf8Value();
    const int32_t prompt = integer(options, "prompt");
    const int32_t context = integer(options, "context");
    const ModelPlacement placement = placementOf(options);
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl& control) {
        const ModelStart start = measureStart(path, prompt, context, placement, control);
        return [start](Napi::Env env) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("loadSeconds", start.loadSeconds);
            object.Set("firstTokenSeconds", start.firstTokenSeconds);
            if (start.videoMemoryBytes.has_value())
                object.Set("videoMemoryBytes", static_cast<double>(*start.videoMemoryBytes));
            else
                object.Set("videoMemoryBytes", env.Null());
            return object;
        };
    });
}

} // namespace

void bindSpeed(Napi::Env env, Napi::Object exports) {
    exports.Set("openSpeedModel", Napi::Function::New(env, openSpeedModel, "openSpeedModel"));
    exports.Set("prepareSpeedTest", Napi::Function::New(env, prepareSpeedTest, "prepareSpeedTest"));
    exports.Set("timeSpeedTest", Napi::Function::New(env, timeSpeedTest, "timeSpeedTest"));
    exports.Set("closeSpeedModel", Napi::Function::New(env, closeSpeedModel, "closeSpeedModel"));
    exports.Set("measureStart", Napi::Function::New(env, bindMeasureStart, "measureStart"));
}
