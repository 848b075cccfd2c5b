#include "kernels/bind_kernels.h"

#include <ggml-backend.h>
#include <memory>

#include "job/start_job.h"
#include "kernels/kernel_product.h"
#include "kernels/make_mixed_weight.h"
#include "kernels/make_stock_weight.h"
#include "kernels/measure_ceilings.h"

namespace {

using SharedProduct = std::shared_ptr<KernelProduct>;

Napi::Value kernel_types(const Napi::CallbackInfo& info) {
    const std::vector<std::string>& types = stock_kernel_types();
    Napi::Array names = Napi::Array::New(info.Env(), types.size());
    for (uint32_t i = 0; i < types.size(); i++) {
        names.Set(i, types[i]);
    }
    return names;
}

Napi::Value kernel_devices(const Napi::CallbackInfo& info) {
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

Napi::Value open_kernel(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>(); };
    KernelSetting setting{};
    setting.device = options.Get("device").As<Napi::String>().Utf8Value();
    setting.threads = number("threads").Int32Value();
    setting.tokens = number("tokens").Int64Value();
    setting.rotated_bytes = static_cast<size_t>(number("rotatedBytes").Int64Value());
    const int64_t inputs = number("inputs").Int64Value();
    const int64_t outputs = number("outputs").Int64Value();
    const bool mixed = options.Has("percent8bit");
    const double percent8bit = mixed ? number("percent8bit").DoubleValue() : 0;
    const std::string type = mixed ? "" : options.Get("type").As<Napi::String>().Utf8Value();
    return start_job(info.Env(), info.Env().Undefined(), [=](JobControl&) {
        const KernelWeight weight =
            mixed ? make_mixed_weight(percent8bit, inputs, outputs) : make_stock_weight(type, inputs, outputs);
        auto product = std::make_shared<KernelProduct>(weight, setting);
        return [product, bytes = weight.bytes()](Napi::Env env) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("handle",
                       Napi::External<SharedProduct>::New(env, new SharedProduct(product),
                                                          [](Napi::Env, SharedProduct* held) { delete held; }));
            object.Set("weightBytes", static_cast<double>(bytes));
            object.Set("copies", static_cast<double>(product->copies()));
            object.Set("repacked", product->repacked());
            object.Set("relativeError", product->relative_error());
            return object;
        };
    });
}

Napi::Value time_kernel(const Napi::CallbackInfo& info) {
    const SharedProduct product = *info[0].As<Napi::External<SharedProduct>>().Data();
    if (product == nullptr) {
        throw Napi::Error::New(info.Env(), "the kernel is closed");
    }
    return start_job(info.Env(), info.Env().Undefined(), [product](JobControl& control) {
        const double seconds = product->time(control);
        return [seconds](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, seconds); };
    });
}

void close_kernel(const Napi::CallbackInfo& info) {
    info[0].As<Napi::External<SharedProduct>>().Data()->reset();
}

Napi::Value bind_measure_ceilings(const Napi::CallbackInfo& info) {
    const int32_t threads = info[0].As<Napi::Number>().Int32Value();
    return start_job(info.Env(), info.Env().Undefined(), [threads](JobControl& control) {
        control.throw_if_canceled();
        const Ceilings ceilings = measure_ceilings(threads);
        return [ceilings](Napi::Env env) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("isa", ceilings.isa);
            object.Set("operationsPerSecond", ceilings.operations_per_second);
            object.Set("bytesPerSecond", ceilings.bytes_per_second);
            return object;
        };
    });
}

} // namespace

void bind_kernels(Napi::Env env, Napi::Object exports) {
    exports.Set("kernelTypes", Napi::Function::New(env, kernel_types, "kernelTypes"));
    exports.Set("kernelDevices", Napi::Function::New(env, kernel_devices, "kernelDevices"));
    exports.Set("openKernel", Napi::Function::New(env, open_kernel, "openKernel"));
    exports.Set("timeKernel", Napi::Function::New(env, time_kernel, "timeKernel"));
    exports.Set("closeKernel", Napi::Function::New(env, close_kernel, "closeKernel"));
    exports.Set("measureCeilings", Napi::Function::New(env, bind_measure_ceilings, "measureCeilings"));
}
