#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <napi.h>

namespace mixllm {

/// Runs native work off the JavaScript thread and settles a promise with its result.
class AsyncTask : public Napi::AsyncWorker {
public:
    /**
     * @param buffers typed arrays the work reads or writes; kept alive until it ends
     * @param work runs on a worker thread; a thrown std::exception rejects the promise
     * @param result makes the promise's value, back on the JavaScript thread
     */
    static Napi::Promise run(Napi::Env env, const std::vector<Napi::Object>& buffers, std::function<void()> work,
                             std::function<Napi::Value(Napi::Env)> result);

private:
    AsyncTask(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> result);

    void Execute() override;
    void OnOK() override;
    void OnError(const Napi::Error& error) override;

    Napi::Promise::Deferred deferred;
    std::vector<Napi::ObjectReference> kept_alive;
    std::function<void()> work;
    std::function<Napi::Value(Napi::Env)> result;
};

} // namespace mixllm
