#pragma once

#include <cstdint>
#include <vector>

namespace mixllm {

/// The positions and the causal mask that every sequence of a batch shares.
struct Batch {
    int64_t length;                 ///< tokens per sequence, T
    int64_t sequences;              ///< B
    std::vector<int32_t> positions; ///< 0..T-1
    std::vector<float> mask;        ///< [T queries][T keys]: 0 where a query may look, else -infinity

    Batch(int64_t tokens_per_sequence, int64_t sequence_count);

    int64_t tokens() const { return length * sequences; }
};

} // namespace mixllm
