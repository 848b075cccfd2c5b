#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "stock/quantize_stock.h"

namespace mixllm {

namespace {

Napi::Value bind_quantize_stock(const Napi::CallbackInfo& info) {
    const Argument options(info[0], "options");
    const std::string input = options["input"].text();
    const std::string output = options["output"].text();
    const std::string type = options["type"].text();
    const std::string matrix = options["imatrix"].is_given() ? options["imatrix"].text() : "";
    const int32_t threads = options["threads"].integer<int32_t>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        quantize_stock(input, output, type, matrix, threads, control);
        return no_result;
    });
}

Napi::Value bind_stock_types(const Napi::CallbackInfo& info) {
    const Napi::Array names = Napi::Array::New(info.Env());
    for (const auto& [name, type] : stock_types()) {
        names.Set(names.Length(), name);
    }
    return names;
}

} // namespace

void bind_stock(Napi::Env env, Napi::Object exports) {
    exports.Set("quantizeStock", Napi::Function::New(env, bind_quantize_stock, "quantizeStock"));
    exports.Set("stockTypes", Napi::Function::New(env, bind_stock_types, "stockTypes"));
}

} // namespace mixllm
