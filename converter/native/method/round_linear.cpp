#include "round_linear.h"

#include <algorithm>
#include <stdexcept>

#include "../quantize/half.h"
#include "../quantize/round_to_nearest.h"
#include "parallel.h"

namespace mixllm {

QuantizedLinear round_linear(const float* weights, const std::vector<uint8_t>& is_8bit, size_t inputs, int threads) {
    const auto wide = static_cast<size_t>(std::count_if(is_8bit.begin(), is_8bit.end(), [](uint8_t w) { return w; }));
    QuantizedLinear out{QuantizedRows4(is_8bit.size() - wide, inputs), QuantizedRows8(wide, inputs),
                        std::vector<float>(is_8bit.size() * inputs)};
    std::vector<size_t> position(is_8bit.size());
    size_t next[2] = {0, 0};
    for (size_t row = 0; row < is_8bit.size(); row++) {
        position[row] = next[is_8bit[row] != 0 ? 1 : 0]++;
    }
    const size_t groups = group_count(inputs);
    parallel_blocks(threads, is_8bit.size(), 16, [&](size_t begin, size_t end) {
        for (size_t row = begin; row < end; row++) {
            const size_t at = position[row];
            const bool fits = is_8bit[row] != 0 ? round_to_nearest(weights + row * inputs, out.rows8, at)
                                                : round_to_nearest(weights + row * inputs, out.rows4, at);
            if (!fits) {
                throw std::runtime_error("weights of this size do not fit half-precision scales");
            }
            for (size_t k = 0; k < inputs; k++) {
                const size_t group = at * groups + k / group_size;
                out.values[row * inputs + k] = is_8bit[row] != 0
                                                   ? static_cast<float>(out.rows8.q[at * inputs + k]) *
                                                         float_from_half(out.rows8.scale_half[group])
                                                   : static_cast<float>(static_cast<int>(out.rows4.q[at * inputs + k]) -
                                                                        static_cast<int>(out.rows4.zero[group])) *
                                                         float_from_half(out.rows4.scale_half[group]);
            }
        }
    });
    return out;
}

} // namespace mixllm
