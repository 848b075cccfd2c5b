#pragma once

#include <cstdint>
#include <elapsed_seconds.h>
#include <string>
#include <thread_seconds.h>

namespace mixllm {

/// Returns seconds since some moment.
using Clock = double (*)();

/// The clock that kernels and the machine's limits are measured by. For one thread its CPU time, so that other programs
/// do not count; for several, which wait for one another, elapsed time.
inline Clock kernel_clock(int32_t threads) {
    return threads == 1 ? thread_seconds : elapsed_seconds;
}

/// What the processor can do at best.
struct Ceilings {
    /// Instruction set of MixLLM's kernels on this machine.
    std::string isa;
    /// Operations (multiplications plus additions) a second of its int8 multiply instruction alone; 0 where not known.
    double operations_per_second;
    /// Bytes a second that threads read from memory.
    double bytes_per_second;
};

/// Measures them for about 20 ms on `threads` threads at once, by the clock of `kernel_clock(threads)`.
Ceilings measure_ceilings(int32_t threads);

} // namespace mixllm
