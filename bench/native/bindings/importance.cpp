#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "importance/compute_importance_matrix.h"

namespace mixllm {

namespace {

Napi::Value bind_compute_importance_matrix(const Napi::CallbackInfo& info) {
    const Argument options(info[0], "options");
    ImportanceRequest request;
    request.model = options["model"].text();
    request.text = options["text"].bytes_as_text();
    request.dataset = options["dataset"].text();
    request.context = options["context"].integer<int32_t>(1);
    request.chunks = options["chunks"].integer<int32_t>();
    request.threads = options["threads"].integer<int32_t>(1);
    request.output = options["output"].text();
    return start_job(info, [request](JobControl& control) -> JobResult {
        compute_importance_matrix(request, control);
        return no_result;
    });
}

} // namespace

void bind_importance(Napi::Env env, Napi::Object exports) {
    exports.Set("computeImportanceMatrix",
                Napi::Function::New(env, bind_compute_importance_matrix, "computeImportanceMatrix"));
}

} // namespace mixllm
