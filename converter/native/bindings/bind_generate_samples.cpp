#include "bind_generate_samples.h"

#include <algorithm>
#include <memory>

#include "../generate/generate_samples.h"
#include "arguments.h"
#include "async_task.h"

namespace mixllm {

Napi::Value bind_generate_samples(const Napi::CallbackInfo& info) {
    const std::string model = info[0].As<Napi::String>();
    const auto samples = static_cast<int32_t>(read_size(info[1], "samples"));
    const auto length = static_cast<int32_t>(read_size(info[2], "length"));
    const uint64_t seed = read_size(info[3], "seed");
    const auto threads = static_cast<int>(read_size(info[4], "threads"));
    const auto tokens = std::make_shared<std::vector<int32_t>>();
    return AsyncTask::run(
        info.Env(), {}, [=] { *tokens = generate_samples(model, samples, length, seed, threads); },
        [=](Napi::Env env) {
            Napi::Int32Array result = Napi::Int32Array::New(env, tokens->size());
            std::copy(tokens->begin(), tokens->end(), result.Data());
            return result;
        });
}

} // namespace mixllm
