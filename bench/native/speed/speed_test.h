#pragma once

#include <cstdint>

/// What is timed: a prompt processed in batches, or tokens generated one by one.
struct SpeedTest {
    int32_t tokens;
    bool generation;
    /// Tokens already in the KV cache when the clock starts.
    int32_t depth;

    /// Context the test needs, in tokens.
    int32_t context() const { return depth + tokens; }
};
