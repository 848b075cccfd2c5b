#include "stock/bindStock.h"

#include "job/startJob.h"
#include "stock/quantizeStock.h"
#include "stock/stockTypes.h"

namespace {

Napi::Value quantizeStockJob(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const std::string input = options.Get("input").As<Napi::String>().Utf8Value();
    const std::string output = options.Get("output").As<Napi::String>().Utf8Value();
    const std::string type = options.Get("type").As<Napi::String>().Utf8Value();
    const std::string matrix =
        options.Get("imatrix").IsString() ? options.Get("imatrix").As<Napi::String>().Utf8Value() : "";
    const int32_t threads = options.Get("threads").As<Napi::Number>().Int32Value();
    return startJob(info.Env(), info[1], [=](JobControl& control) {
        quantizeStock(input, output, type, matrix, threads, control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

Napi::Value stockTypeNames(const Napi::CallbackInfo& info) {
    Napi::Array names = Napi::Array::New(info.Env());
    for (const auto& [name, type] : stockTypes())
        names.Set(names.Length(), name);
    return names;
}

} // namespace

void bindStock(Napi::Env env, Napi::Object exports) {
    exports.Set("quantizeStock", Napi::Function::New(env, quantizeStockJob, "quantizeStock"));
    exports.Set("stockTypes", Napi::Function::New(env, stockTypeNames, "stockTypes"));
}
