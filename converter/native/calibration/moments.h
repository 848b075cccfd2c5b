#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"
#include "gptq/factorize.h"

namespace mixllm {

/**
 * X^T X of a linear's inputs over the calibration tokens.
 *
 * Products are summed in float over about 2000 tokens (`Calibration::samples_per_sum`) and in float64 beyond: a float
 * sum of n products of vectorized lanes errs by about n / 16 * 2^-24 relative to the sum of magnitudes, far below the
 * damping of 1 % of the mean diagonal, whereas a sum over all tokens could reach it. Its scale does not matter to the
 * method.
 */
class Hessian {
public:
    explicit Hessian(size_t inputs) : sum_(inputs) {}

    /// @param start to add to
    explicit Hessian(const Triangle& start) : sum_(start) {}

    /// Adds `tokens` rows of inputs, `[tokens][inputs]`, whose products are summed in float.
    void add(Engine& engine, const float* x, int64_t tokens);

    const Triangle& values() const { return sum_; }

private:
    Triangle sum_;
    std::vector<float> transposed_;
    std::vector<float> panel_;
};

/// R^T X over the calibration tokens: how residuals go with a linear's inputs. Summed as `Hessian` is.
class CrossMoment {
public:
    CrossMoment(size_t outputs, size_t inputs) : outputs_(outputs), inputs_(inputs), sum_(outputs * inputs) {}

    /// Adds `tokens` rows of residuals, `[tokens][outputs]`, and of inputs, `[tokens][inputs]`.
    void add(Engine& engine, const float* residuals, const float* x, int64_t tokens);

    /// `[outputs][inputs]`.
    const ZeroedDoubles& values() const { return sum_; }

private:
    size_t outputs_;
    size_t inputs_;
    ZeroedDoubles sum_;
};

} // namespace mixllm
