#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mixllm {

/// The calibration tokens: `samples` sequences of `length` tokens.
struct Calibration {
    int64_t samples;
    int64_t length;
    std::vector<int32_t> tokens; ///< [samples][length]
    int64_t batch_samples; ///< sequences that pass through a graph together, a multiple of `samples_per_sum`, or all

    /// Sequences over which products are summed in float: whatever the batches, so that memory changes no result. No
    /// more than llama.cpp runs together.
    int64_t samples_per_sum() const { return std::clamp<int64_t>(2048 / length, 1, 256); }

    /// Of so many tokens of a sequence one counts where about 4096 tokens tell enough; at least 4, for memory.
    int64_t token_step() const { return std::min(length, std::max(least_token_step, total_tokens() / 4096)); }

    static constexpr int64_t least_token_step = 4;

    int64_t total_tokens() const { return samples * length; }
};

} // namespace mixllm
