#pragma once

#include <sys/resource.h>

#include <chrono>
#include <thread>

#include "common/native/job.h"
#include "common/native/workers.h"

namespace mixllm {

/// Seconds that the threads of this process have spent in its own code, so that neither a busy machine counts nor what
/// the first touch of memory costs.
inline double user_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec) * 1e-6;
}

/// Cancels `work`, which gets two threads, after 0.4 s of work and returns how much of it there was until it threw,
/// in seconds of one core; negative when it did not throw.
template <typename Work>
double work_after_cancel(const Work& work) {
    JobControl control;
    const double start = user_seconds();
    double canceled = 0;
    std::thread canceler([&] {
        do {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            canceled = user_seconds();
        } while (canceled - start < 0.4);
        control.cancel();
    });
    bool threw = false;
    try {
        work(Workers(2, control));
    } catch (const CanceledError&) {
        threw = true;
    }
    const double end = user_seconds();
    canceler.join();
    return threw ? end - canceled : -1.0;
}

} // namespace mixllm
