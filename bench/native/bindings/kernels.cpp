#include <ggml-backend.h>
#include <memory>

#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "kernels/kernel_product.h"
#include "kernels/kernel_weight.h"
#include "kernels/measure_ceilings.h"

namespace mixllm {

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
    const Argument options(info[0], "options");
    KernelSetting setting{};
    setting.device = options["device"].text();
    setting.threads = options["threads"].integer<int32_t>(1);
    setting.tokens = options["tokens"].integer(1);
    setting.rotated_bytes = options["rotatedBytes"].integer<size_t>();
    const int64_t inputs = options["inputs"].integer(1);
    const int64_t outputs = options["outputs"].integer(1);
    const bool mixed = options["percent8bit"].is_given();
    const double percent8bit = mixed ? options["percent8bit"].number() : 0;
    const std::string type = mixed ? "" : options["type"].text();
    return start_job(info, [=](JobControl& control) -> JobResult {
        const KernelWeight weight =
            mixed ? make_mixed_weight(percent8bit, inputs, outputs, Workers(setting.threads, control))
                  : make_stock_weight(type, inputs, outputs);
        auto product = std::make_shared<KernelProduct>(weight, setting, control);
        return [product, bytes = weight.bytes()](Napi::Env env) {
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
    const SharedProduct product = Argument(info[0], "handle").handle<SharedProduct>();
    if (product == nullptr) {
        throw Napi::Error::New(info.Env(), "the kernel is closed");
    }
    return start_job(info, [product](JobControl& control) -> JobResult {
        const double seconds = product->time(control);
        return [seconds](Napi::Env env) { return Napi::Number::New(env, seconds); };
    });
}

void close_kernel(const Napi::CallbackInfo& info) {
    Argument(info[0], "handle").handle<SharedProduct>().reset();
}

Napi::Value bind_measure_ceilings(const Napi::CallbackInfo& info) {
    const int32_t threads = Argument(info[0], "threads").integer<int32_t>(1);
    return start_job(info, [threads](JobControl&) -> JobResult {
        const Ceilings ceilings = measure_ceilings(threads);
        return [ceilings](Napi::Env env) {
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

} // namespace mixllm
