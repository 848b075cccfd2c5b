#pragma once

#include <cstddef>
#include <cstdint>

#include "calibration/moments.h"
#include "engine/engine.h"

namespace mixllm {

/**
 * What GPTQ's error feedback will leave of a linear's squared output error, as a share of plain rounding's.
 *
 * With H = U D U^T of the inputs, the error of rounding alone is about the sum of H's diagonal times a step's variance,
 * with feedback the sum of D: the less, the more an input follows from the others. See `HessianFactor`.
 */
class FeedbackShare {
public:
    /// @param inputs of the linear
    explicit FeedbackShare(size_t inputs) : inputs_(inputs), hessian_(inputs) {}

    size_t inputs() const { return inputs_; }

    /// Whether there are rows that tell enough: as many as inputs, and not few.
    bool is_enough() const;

    /// Adds `rows` rows of inputs, `[rows][inputs]`, whose products are summed in float.
    void add(Engine& engine, const float* x, int64_t rows);

    /// Above 0, up to 1.
    float value(const Workers& workers) const;

    /// What one of so many inputs takes.
    static size_t bytes(size_t inputs) { return inputs * (inputs + 1) / 2 * sizeof(double); }

private:
    size_t inputs_;
    size_t rows_ = 0;
    Hessian hessian_;
};

} // namespace mixllm
