#pragma once

#include <cstdint>
#include <vector>

namespace mixllm {

/// The calibration tokens: `samples` sequences of `length` tokens.
struct Calibration {
    int64_t samples;
    int64_t length;
    std::vector<int32_t> tokens; ///< [samples][length]
    int64_t batch_samples;       ///< sequences that pass through a graph together

    int64_t total_tokens() const { return samples * length; }
};

} // namespace mixllm
