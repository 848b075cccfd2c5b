#pragma once

#include <functional>

#include <napi.h>

#include "common/native/job.h"

namespace mixllm {

/// Makes a job's result a JavaScript value, on the main thread.
using JobResult = std::function<Napi::Value(Napi::Env)>;

/// The work of a job: runs on a libuv worker thread and must not touch JavaScript.
using JobWork = std::function<JobResult(JobControl&)>;

/// The result of a job that has none.
inline Napi::Value no_result(Napi::Env env) {
    return env.Undefined();
}

/**
 * Starts `work` off the main thread.
 *
 * @param info the call that asks for it. Its arguments stay alive until the job ends, so that the work may read and
 * write their buffers. The last one, where it is a function, is told of progress: `(done, total, figure) => void`;
 * calls may be coalesced.
 * @return `{ result: Promise, cancel: () => void }`. The promise rejects with an Error whose `code` is `CANCELED` (for
 * a `CanceledError`) or `BAD_INPUT` (for an `InputError`) where that is the reason.
 */
Napi::Object start_job(const Napi::CallbackInfo& info, JobWork work);

} // namespace mixllm
