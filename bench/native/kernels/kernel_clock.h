#pragma once

#include <cstdint>
#include <elapsed_seconds.h>
#include <thread_seconds.h>

/// Returns seconds since some moment.
using Clock = double (*)();

/// The clock that kernels and the machine's limits are measured by. For one thread its CPU time, so that other programs
/// do not count; for several, which wait for one another, elapsed time.
inline Clock kernel_clock(int32_t threads) {
    return threads == 1 ? thread_seconds : elapsed_seconds;
}
