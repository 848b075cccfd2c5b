#include "quantize_activations.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "../quantize/grid.h"
#include "parallel.h"

namespace mixllm {

void quantize_activations(float* x, size_t tokens, size_t features, int threads) {
    parallel_blocks(threads, tokens, 16, [&](size_t begin, size_t end) {
        for (size_t token = begin; token < end; token++) {
            for (size_t first = 0; first < features; first += group_size) {
                float* group = x + token * features + first;
                const size_t count = std::min(group_size, features - first);
                float largest = 0.0f;
                for (size_t i = 0; i < count; i++) {
                    largest = std::max(largest, std::fabs(group[i]));
                }
                float scale = largest / 127.0f;
                uint32_t bits;
                std::memcpy(&bits, &scale, sizeof bits);
                bits &= 0xFFFFFFFCu;
                std::memcpy(&scale, &bits, sizeof bits);
                if (scale < 1.17549435e-38f) { // the smallest normal float
                    std::fill(group, group + count, 0.0f);
                    continue;
                }
                for (size_t i = 0; i < count; i++) {
                    group[i] = std::clamp(round_half_even(group[i] / scale), -127.0f, 127.0f) * scale;
                }
            }
        }
    });
}

} // namespace mixllm
