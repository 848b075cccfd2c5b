#pragma once

#include <vector>

#include "../quantize/quantized_rows.h"

namespace mixllm {

/// A quantized linear weight, rows of each width in ascending order of output channel.
struct QuantizedLinear {
    QuantizedRows4 rows4;
    QuantizedRows8 rows8;
    std::vector<float> values; ///< `[rows][inputs]`, the weights the integers stand for
};

} // namespace mixllm
