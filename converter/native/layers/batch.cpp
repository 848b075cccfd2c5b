#include "layers/batch.h"

#include <cstddef>
#include <limits>

namespace mixllm {

Batch::Batch(int64_t tokens_per_sequence, int64_t sequence_count)
    : length(tokens_per_sequence), sequences(sequence_count), positions(static_cast<size_t>(length)),
      mask(static_cast<size_t>(length * length), 0.0f) {
    for (int64_t query = 0; query < length; query++) {
        positions[static_cast<size_t>(query)] = static_cast<int32_t>(query);
        for (int64_t key = query + 1; key < length; key++) {
            mask[static_cast<size_t>(query * length + key)] = -std::numeric_limits<float>::infinity();
        }
    }
}

} // namespace mixllm
