#pragma once

#include <functional>
#include <napi.h>

#include "job/job_control.h"

/// The work of a job: runs on a libuv worker thread, must not touch JavaScript, and returns how its result becomes a
/// JavaScript value (called on the main thread).
using JobWork = std::function<std::function<Napi::Value(Napi::Env)>(JobControl&)>;

/// Starts `work` off the main thread.
///
/// @param on_progress `(done, total, figure) => void` or undefined; calls may be coalesced
/// @returns `{ result: Promise, cancel: () => void }`. The promise rejects with an Error whose `code` is
///   `CANCELED` or `BAD_INPUT` where that is the reason.
Napi::Object start_job(Napi::Env env, const Napi::Value& on_progress, JobWork work);
