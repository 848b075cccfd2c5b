#include "kernels/bindKernels.h"

#include <ggml-backend.h>
#include <memory>

#include "job/startJob.h"
#include "kernels/KernelProduct.h"
#include "kernels/makeMixedWeight.h"
#include "kernels/makeStockWeight.h"
#include "kernels/measureCeilings.h"

namespace {

using SharedProduct = std::shared_ptr<KernelProduct>;

Napi::Value kernelTypes(const Napi::CallbackInfo& info) {
    const std::vector<std::string>& types = stockKernelTypes();
    Napi::Array names = Napi::Array::New(info.Env(), types.size());
    for (uint32_t i = 0; i < types.size(); i++)
        names.Set(i, types[i]);
    return names;
}

Napi::Value kernelDevices(const Napi::CallbackInfo& info) {
    Napi::Array devices = Napi::Array::New(info.Env());
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        Napi::Object entry = Napi::Object::New(info.Env());
        entry.Set("name", ggml_backend_dev_name(device));
        entry.Set("description", ggml_backend_dev_description(device));
        entry.Set("isCpu", ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU);
        devices.Set(devices.Length(), entry);
    }
    return devices;
}

Napi::Value openKernel(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>(); };
    KernelSetting setting{};
    setting.device = options.Get("device").As<Napi::String>().Utf8Value();
    setting.threads = number("threads").Int32Value();
    setting.tokens = number("tokens").Int64Value();
    setting.rotatedBytes = static_cast<size_t>(number("rotatedBytes").Int64Value());
    const int64_t inputs = number("inputs").Int64Value();
    const int64_t outputs = number("outputs").Int64Value();
    const bool mixed = options.Has("percent8bit");
    const double percent8bit = mixed ? number("percent8bit").DoubleValue() : 0;
    const std::string type = mixed ? "" : options.Get("type").As<Napi::String>().Utf8Value();
    return startJob(info.Env(), info.Env().Undefined(), [=](JobControl&) {
        const KernelWeight weight =
            mixed ? makeMixedWeight(percent8bit, inputs, outputs) : makeStockWeight(type, inputs, outputs);
        auto product = std::make_shared<KernelProduct>(weight, setting);
        return [product, bytes = weight.bytes()](Napi::Env env) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("handle",
                       Napi::External<SharedProduct>::New(env, new SharedProduct(product),
                                                          [](Napi::Env, SharedProduct* held) { delete held; }));
            object.Set("weightBytes", static_cast<double>(bytes));
            object.Set("copies", static_cast<double>(product->copies()));
            object.Set("repacked", product->repacked());
            object.Set("relativeError", product->relativeError());
            return object;
        };
    });
}

Napi::Value timeKernel(const Napi::CallbackInfo& info) {
    const SharedProduct product = *info[0].As<Napi::External<SharedProduct>>().Data();
    if (product == nullptr)
        throw Napi::Error::New(info.Env(), "the kernel is closed");
    return startJob(info.Env(), info.Env().Undefined(), [product](JobControl& control) {
        const double seconds = product->time(control);
        return [seconds](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, seconds); };
    });
}

void closeKernel(const Napi::CallbackInfo& info) {
    info[0].As<Napi::External<SharedProduct>>().Data()->reset();
}

Napi::Value bindMeasureCeilings(const Napi::CallbackInfo& info) {
    const int32_t threads = info[0].As<Napi::Number>().Int32Value();
    return startJob(info.Env(), info.Env().Undefined(), [threads](JobControl& control) {
        control.throwIfCanceled();
        const Ceilings ceilings = measureCeilings(threads);
        return [ceilings](Napi::Env env) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("isa", ceilings.isa);
            object.Set("operationsPerSecond", ceilings.operationsPerSecond);
            object.Set("bytesPerSecond", ceilings.bytesPerSecond);
            return object;
        };
    });
}

} // namespace

void bindKernels(Napi::Env env, Napi::Object exports) {
    exports.Set("kernelTypes", Napi::Function::New(env, kernelTypes, "kernelTypes"));
    exports.Set("kernelDevices", Napi::Function::New(env, kernelDevices, "kernelDevices"));
    exports.Set("openKernel", Napi::Function::New(env, openKernel, "openKernel"));
    exports.Set("timeKernel", Napi::Function::New(env, timeKernel, "timeKernel"));
    exports.Set("closeKernel", Napi::Function::New(env, closeKernel, "closeKernel"));
    exports.Set("measureCeilings", Napi::Function::New(env, bindMeasureCeilings, "measureCeilings"));
}
