#include "bind_tokenize.h"

#include <algorithm>
#include <memory>

#include "../tokenize/tokenize.h"
#include "arguments.h"
#include "async_task.h"

namespace mixllm {

Napi::Value bind_tokenize(const Napi::CallbackInfo& info) {
    const std::string vocabulary = info[0].As<Napi::String>();
    const std::string text = info[1].As<Napi::String>();
    const auto tokenized = std::make_shared<TokenizedText>();
    return AsyncTask::run(
        info.Env(), {}, [=] { *tokenized = tokenize(vocabulary, text); },
        [=](Napi::Env env) {
            Napi::Int32Array tokens = Napi::Int32Array::New(env, tokenized->tokens.size());
            std::copy(tokenized->tokens.begin(), tokenized->tokens.end(), tokens.Data());
            const Napi::Object result = Napi::Object::New(env);
            result.Set("tokens", tokens);
            result.Set("bos", static_cast<double>(tokenized->bos));
            return result;
        });
}

} // namespace mixllm
