#include "bind_convert_rows.h"

#include <memory>

#include "../convert/convert_rows.h"
#include "arguments.h"
#include "async_task.h"

namespace mixllm {

Napi::Value bind_convert_rows(const Napi::CallbackInfo& info) {
    const Napi::Object source_object = info[0].As<Napi::Object>();
    const SourceRows source = read_source(source_object);
    const ggml_type type = read_tensor_type(info[1]);
    if (source.columns % static_cast<size_t>(ggml_blck_size(type)) != 0 || ggml_quantize_requires_imatrix(type)) {
        throw Napi::TypeError::New(info.Env(), "these rows cannot be stored in this type");
    }
    const size_t row_bytes = ggml_row_size(type, static_cast<int64_t>(source.columns));
    unsigned char* out = read_buffer(info[2], source.rows * row_bytes, "the output");
    const size_t threads = read_size(info[3], "threads");

    const auto report = std::make_shared<ConversionReport>();
    return AsyncTask::run(
        info.Env(), {source_object.Get("data").As<Napi::Object>(), info[2].As<Napi::Object>()},
        [=] { *report = convert_rows(source, type, out, threads); },
        [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            result.Set("firstNonFinite", static_cast<double>(report->first_non_finite));
            result.Set("overflowed", static_cast<double>(report->overflowed));
            return result;
        });
}

} // namespace mixllm
