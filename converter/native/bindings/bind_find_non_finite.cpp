#include "bind_find_non_finite.h"

#include <memory>
#include <vector>

#include "../threads/parallel_for.h"
#include "../weights/first_position.h"
#include "arguments.h"
#include "async_task.h"

namespace mixllm {

Napi::Value bind_find_non_finite(const Napi::CallbackInfo& info) {
    const Napi::Object source_object = info[0].As<Napi::Object>();
    const SourceRows source = read_source(source_object);
    const size_t threads = read_size(info[1], "threads");
    const auto position = std::make_shared<FirstPosition>();
    return AsyncTask::run(
        info.Env(), {source_object.Get("data").As<Napi::Object>()},
        [=] {
            parallel_for(source.rows, threads, [&](size_t begin, size_t end) {
                std::vector<float> row(source.columns);
                for (size_t r = begin; r < end; r++) {
                    source.load(r, row.data());
                    const size_t at = find_non_finite(row.data(), row.size());
                    if (at < row.size()) {
                        position->report(r * source.columns + at);
                        return;
                    }
                }
            });
        },
        [=](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(position->get())); });
}

} // namespace mixllm
