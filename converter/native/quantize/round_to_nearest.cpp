#include "quantize/round_to_nearest.h"

#include <algorithm>
#include <cmath>

namespace mixllm {

bool round_to_nearest(const float* weights, QuantizedRows4& out, size_t row) {
    const size_t groups = group_count(out.inputs);
    for (size_t group = 0; group < groups; group++) {
        const size_t begin = group * group_size;
        const size_t end = std::min(begin + group_size, out.inputs);

        float low = 0.0f;
        float high = 0.0f;
        for (size_t k = begin; k < end; k++) {
            low = std::min(low, weights[k]);
            high = std::max(high, weights[k]);
        }
        const Grid4 grid = fit_grid4(low, high);
        if (!is_usable(grid)) {
            return false;
        }
        for (size_t k = begin; k < end; k++) {
            out.q[row * out.inputs + k] = quantize(grid, weights[k]);
        }
        out.scale_half[row * groups + group] = grid.scale_half;
        out.zero[row * groups + group] = grid.zero;
    }
    return true;
}

bool round_to_nearest(const float* weights, QuantizedRows8& out, size_t row) {
    const size_t groups = group_count(out.inputs);
    for (size_t group = 0; group < groups; group++) {
        const size_t begin = group * group_size;
        const size_t end = std::min(begin + group_size, out.inputs);

        float magnitude = 0.0f;
        for (size_t k = begin; k < end; k++) {
            magnitude = std::max(magnitude, std::fabs(weights[k]));
        }
        const Grid8 grid = fit_grid8(magnitude);
        if (!is_usable(grid)) {
            return false;
        }
        for (size_t k = begin; k < end; k++) {
            out.q[row * out.inputs + k] = quantize(grid, weights[k]);
        }
        out.scale_half[row * groups + group] = grid.scale_half;
    }
    return true;
}

} // namespace mixllm
