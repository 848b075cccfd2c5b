#include "synthetic/bind_synthetic.h"

#include "job/start_job.h"
#include "synthetic/write_synthetic_model.h"

namespace {

std::vector<std::string> to_strings(const Napi::Value& value) {
    const Napi::Array array = value.As<Napi::Array>();
    std::vector<std::string> strings;
    for (uint32_t i = 0; i < array.Length(); i++) {
        strings.push_back(array.Get(i).As<Napi::String>().Utf8Value());
    }
    return strings;
}

SyntheticModel to_model(const Napi::Object& options) {
    const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>(); };
    SyntheticModel model;
    model.name = options.Get("name").As<Napi::String>().Utf8Value();
    model.layers = number("layers").Int64Value();
    model.hidden = number("hidden").Int64Value();
    model.heads = number("heads").Int64Value();
    model.kv_heads = number("kvHeads").Int64Value();
    model.feed_forward = number("feedForward").Int64Value();
    model.context_length = number("contextLength").Uint32Value();
    model.rope_frequency_base = number("ropeFrequencyBase").FloatValue();
    model.tied = options.Get("tied").As<Napi::Boolean>().Value();
    model.tokens = to_strings(options.Get("tokens"));
    const Napi::Int32Array types = options.Get("tokenTypes").As<Napi::Int32Array>();
    model.token_types.assign(types.Data(), types.Data() + types.ElementLength());
    model.merges = to_strings(options.Get("merges"));
    model.bos = number("bos").Uint32Value();
    model.eos = number("eos").Uint32Value();
    model.mixed = options.Get("percent8bit").IsNumber();
    model.percent8bit = model.mixed ? number("percent8bit").DoubleValue() : 0;
    return model;
}

Napi::Value write_synthetic_model_job(const Napi::CallbackInfo& info) {
    const SyntheticModel model = to_model(info[0].As<Napi::Object>());
    const std::string path = info[1].As<Napi::String>().Utf8Value();
    const int32_t threads = info[2].As<Napi::Number>().Int32Value();
    return start_job(info.Env(), info[3], [=](JobControl& control) {
        write_synthetic_model(model, path, threads, control);
        return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
    });
}

} // namespace

void bind_synthetic(Napi::Env env, Napi::Object exports) {
    exports.Set("writeSyntheticModel", Napi::Function::New(env, write_synthetic_model_job, "writeSyntheticModel"));
}
