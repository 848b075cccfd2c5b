#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace mixllm {

/// Sum of products; a fixed number of partial sums lets compilers use vector registers.
inline float dot(const float* x, const float* y, int64_t n) {
    constexpr int64_t lanes = 16;
    float sums[lanes] = {};
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (int64_t lane = 0; lane < lanes; lane++) {
            sums[lane] += x[i + lane] * y[i + lane];
        }
    }
    float sum = 0.0f;
    for (; i < n; i++) {
        sum += x[i] * y[i];
    }
    for (float lane : sums) {
        sum += lane;
    }
    return sum;
}

/// y += a * x
inline void add_scaled(float* y, const float* x, float a, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        y[i] += a * x[i];
    }
}

/**
 * Runs a recurrence forwards, then visits its steps from the last to the first. Every ~sqrt(steps)-th state is kept,
 * and those between two kept ones are computed again, so no more than about 2 * sqrt(steps) states are held.
 *
 * @param size floats of a state
 * @param initial the state before the first step
 * @param advance called with a step, the state before it and room for the state after it
 * @param visit called with a step and the states before and after it
 */
template <typename Advance, typename Visit>
void visit_backwards(int64_t steps, int64_t size, const float* initial, const Advance& advance, const Visit& visit) {
    const int64_t stretch = std::max<int64_t>(1, std::llround(std::sqrt(static_cast<double>(steps))));
    const int64_t stretches = (steps + stretch - 1) / stretch;
    std::vector<float> kept(static_cast<size_t>(stretches * size));
    std::vector<float> states(static_cast<size_t>((stretch + 1) * size));
    const auto state = [&](int64_t i) { return states.data() + i * size; };

    float *current = state(0), *next = state(1);
    std::copy_n(initial, size, current);
    for (int64_t i = 0; i < stretches; i++) {
        std::copy_n(current, size, kept.data() + i * size);
        for (int64_t t = i * stretch; t < (i + 1) * stretch && i + 1 < stretches; t++) {
            advance(t, current, next);
            std::swap(current, next);
        }
    }
    for (int64_t i = stretches; i-- > 0;) {
        const int64_t first = i * stretch;
        const int64_t count = std::min(steps, first + stretch) - first;
        std::copy_n(kept.data() + i * size, size, state(0));
        for (int64_t k = 0; k < count; k++) {
            advance(first + k, state(k), state(k + 1));
        }
        for (int64_t k = count; k-- > 0;) {
            visit(first + k, state(k), state(k + 1));
        }
    }
}

} // namespace mixllm
