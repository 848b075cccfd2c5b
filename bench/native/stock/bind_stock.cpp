#include "stock/bind_stock.h"

#include "job/start_job.h"
#include "stock/quantize_stock.h"
#include "stock/stock_types.h"

namespace {

Napi::Value quantize_stock_job(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const std::string input = options.Get("input").As<Napi::String>().Utf8Value();
    const std::string output = options.Get("output").As<Napi::String>().Utf8Value();
    const std::string type = options.Get("type").As<Napi::String>().Utf8Value();
    const std::string matrix =
        options.Get("imatrix").IsString() ? options.Get("imatrix").As<Napi::String>().Utf8Value() : "";
    const int32_t threads = options.Get("threads").As<Napi::Number>().Int32Value();
    return start_job(info.Env(), info[1], [=](JobControl& control) {
        quantize_stock(input, output, type, matrix, threads, control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

Napi::Value stock_type_names(const Napi::CallbackInfo& info) {
    Napi::Array names = Napi::Array::New(info.Env());
    for (const auto& [name, type] : stock_types()) {
        names.Set(names.Length(), name);
    }
    return names;
}

} // namespace

void bind_stock(Napi::Env env, Napi::Object exports) {
    exports.Set("quantizeStock", Napi::Function::New(env, quantize_stock_job, "quantizeStock"));
    exports.Set("stockTypes", Napi::Function::New(env, stock_type_names, "stockTypes"));
}
