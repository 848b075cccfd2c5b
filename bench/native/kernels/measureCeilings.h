#pragma once

#include <cstdint>
#include <string>

/// What the processor can do at best.
struct Ceilings {
    /// Instruction set of MixLLM's kernels on this machine.
    std::string isa;
    /// Operations (multiplications plus additions) a second of its int8 multiply instruction alone; 0 where not known.
    double operationsPerSecond;
    /// Bytes a second that threads read from memory.
    double bytesPerSecond;
};

/// Measures them for about 20 ms on `threads` threads at once, by the clock of `kernelClock(threads)`.
Ceilings measureCeilings(int32_t threads);
