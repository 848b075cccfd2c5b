#pragma once

#include <cstdint>
#include <vector>

#include "../../quantize/half.h"
#include "../quantized_linear.h"

namespace mixllm {

/// `[rows][inputs]`, the weights that a linear's integers stand for.
inline std::vector<float> dequantize(const QuantizedLinear& linear, const std::vector<uint8_t>& is_8bit) {
    const size_t inputs = linear.rows4.inputs;
    const size_t groups = group_count(inputs);
    std::vector<float> values(is_8bit.size() * inputs);
    size_t next[2] = {0, 0};
    for (size_t row = 0; row < is_8bit.size(); row++) {
        const bool wide = is_8bit[row] != 0;
        const size_t at = next[wide ? 1 : 0]++;
        for (size_t i = 0; i < inputs; i++) {
            const size_t group = at * groups + i / group_size;
            const int q =
                wide ? linear.rows8.q[at * inputs + i] : linear.rows4.q[at * inputs + i] - linear.rows4.zero[group];
            values[row * inputs + i] = static_cast<float>(q) * float_from_half(wide ? linear.rows8.scale_half[group]
                                                                                    : linear.rows4.scale_half[group]);
        }
    }
    return values;
}

} // namespace mixllm
