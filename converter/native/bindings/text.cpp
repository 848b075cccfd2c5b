#include <algorithm>
#include <memory>
#include <vector>

#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "text/generate_samples.h"
#include "text/tokenize.h"
#include "text/try_model.h"

namespace mixllm {

namespace {

Napi::Int32Array to_array(Napi::Env env, const std::vector<int32_t>& values) {
    Napi::Int32Array array = Napi::Int32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

Napi::Value bind_tokenize(const Napi::CallbackInfo& info) {
    const std::string vocabulary = Argument(info[0], "vocabulary").text();
    const auto text = std::make_shared<std::string>(Argument(info[1], "text").text());
    const auto enough = static_cast<size_t>(Argument(info[2], "enough").integer());
    return start_job(info, [=](JobControl& control) -> JobResult {
        const auto tokenized = std::make_shared<TokenizedText>(tokenize(vocabulary, *text, enough, control));
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            result.Set("tokens", to_array(env, tokenized->tokens));
            result.Set("bos", static_cast<double>(tokenized->bos));
            return result;
        };
    });
}

Napi::Value bind_generate_samples(const Napi::CallbackInfo& info) {
    const std::string model = Argument(info[0], "model").text();
    const auto samples = Argument(info[1], "samples").integer<int32_t>();
    const auto length = Argument(info[2], "length").integer<int32_t>(1);
    const auto seed = Argument(info[3], "seed").integer<uint64_t>();
    const int threads = Argument(info[4], "threads").integer<int>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        const auto tokens =
            std::make_shared<std::vector<int32_t>>(generate_samples(model, samples, length, seed, threads, control));
        return [=](Napi::Env env) { return to_array(env, *tokens); };
    });
}

Napi::Value bind_try_model(const Napi::CallbackInfo& info) {
    const std::string model = Argument(info[0], "model").text();
    const std::vector<std::string> texts = Argument(info[1], "texts").texts();
    return start_job(info, [=](JobControl& control) -> JobResult {
        const auto tried = std::make_shared<std::vector<TriedText>>(try_model(model, texts, control));
        return [=](Napi::Env env) {
            const Napi::Array results = Napi::Array::New(env, tried->size());
            for (uint32_t i = 0; i < tried->size(); i++) {
                const Napi::Object result = Napi::Object::New(env);
                result.Set("tokens", to_array(env, (*tried)[i].tokens));
                result.Set("pieces", (*tried)[i].pieces);
                results.Set(i, result);
            }
            return results;
        };
    });
}

} // namespace

void bind_text(Napi::Env env, Napi::Object exports) {
    exports.Set("tokenize", Napi::Function::New(env, bind_tokenize, "tokenize"));
    exports.Set("tryModel", Napi::Function::New(env, bind_try_model, "tryModel"));
    exports.Set("generateSamples", Napi::Function::New(env, bind_generate_samples, "generateSamples"));
}

} // namespace mixllm
