#pragma once

#include <array>
#include <vector>

#include "layers/layer_shape.h"

namespace mixllm {

/// What quantizing one output channel of a linear to 4 bits is estimated to cost, by two measures.
struct LinearSalience {
    /// S_c = mean over samples of |m + m^2 / 2|, m = sum over tokens of gradient times output error (the paper's).
    std::vector<float> taylor;
    /// T_c = mean over samples of the sum over tokens of (gradient times output error)^2.
    std::vector<float> fisher;
};

/// One layer's salience, indexed by `Linear`.
using LayerSalience = std::array<LinearSalience, linear_count>;

} // namespace mixllm
