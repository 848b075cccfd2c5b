#include "bind_weight_error.h"

#include <memory>

#include "../search/weight_error.h"
#include "arguments.h"
#include "async_task.h"

namespace mixllm {

Napi::Value bind_weight_error(const Napi::CallbackInfo& info) {
    const Napi::Object source_object = info[0].As<Napi::Object>();
    const SourceRows source = read_source(source_object);
    double* out = reinterpret_cast<double*>(read_buffer(info[1], source.rows * sizeof(double), "the output"));
    const size_t threads = read_size(info[2], "threads");

    const auto first_non_finite = std::make_shared<int64_t>(-1);
    return AsyncTask::run(
        info.Env(), {source_object.Get("data").As<Napi::Object>(), info[1].As<Napi::Object>()},
        [=] { *first_non_finite = weight_error(source, out, threads); },
        [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            result.Set("firstNonFinite", static_cast<double>(*first_non_finite));
            return result;
        });
}

} // namespace mixllm
