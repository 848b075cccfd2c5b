#include "async_task.h"

#include <utility>

namespace mixllm {

AsyncTask::AsyncTask(Napi::Env env, std::function<void()> task, std::function<Napi::Value(Napi::Env)> make_result)
    : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), work(std::move(task)),
      result(std::move(make_result)) {}

Napi::Promise AsyncTask::run(Napi::Env env, const std::vector<Napi::Object>& buffers, std::function<void()> work,
                             std::function<Napi::Value(Napi::Env)> result) {
    // Node-API deletes the worker once it has settled.
    AsyncTask* task = new AsyncTask(env, std::move(work), std::move(result));
    for (const Napi::Object& buffer : buffers) {
        task->kept_alive.push_back(Napi::Persistent(buffer));
    }
    const Napi::Promise promise = task->deferred.Promise();
    task->Queue();
    return promise;
}

void AsyncTask::Execute() {
    work();
}

void AsyncTask::OnOK() {
    deferred.Resolve(result(Env()));
}

void AsyncTask::OnError(const Napi::Error& error) {
    deferred.Reject(error.Value());
}

} // namespace mixllm
