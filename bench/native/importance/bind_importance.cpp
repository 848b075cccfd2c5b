#include "importance/bind_importance.h"

#include "importance/compute_importance_matrix.h"
#include "job/start_job.h"

namespace {

Napi::Value compute_importance_matrix_job(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    const auto string = [&](const char* name) { return options.Get(name).As<Napi::String>().Utf8Value(); };
    const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().Int32Value(); };
    ImportanceRequest request;
    request.model = string("model");
    const Napi::Uint8Array text = options.Get("text").As<Napi::Uint8Array>();
    request.text.assign(reinterpret_cast<const char*>(text.Data()), text.ByteLength());
    request.dataset = string("dataset");
    request.context = number("context");
    request.chunks = number("chunks");
    request.threads = number("threads");
    request.output = string("output");
    return start_job(info.Env(), info[1], [request](JobControl& control) {
        compute_importance_matrix(request, control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

} // namespace

void bind_importance(Napi::Env env, Napi::Object exports) {
    exports.Set("computeImportanceMatrix",
                Napi::Function::New(env, compute_importance_matrix_job, "computeImportanceMatrix"));
}
