#pragma once

#include <cstdint>
#include <vector>

#include "engine.h"

namespace mixllm {

/// R^T X over the calibration tokens: how residuals go with a linear's inputs. Summed as `Hessian` is.
class CrossMoment {
public:
    CrossMoment(size_t outputs, size_t inputs) : outputs_(outputs), inputs_(inputs), sum_(outputs * inputs, 0.0) {}

    /// Adds `tokens` rows of residuals, `[tokens][outputs]`, and of inputs, `[tokens][inputs]`.
    void add(Engine& engine, const float* residuals, const float* x, int64_t tokens);

    /// `[outputs][inputs]`.
    const std::vector<double>& values() const { return sum_; }

private:
    size_t outputs_;
    size_t inputs_;
    std::vector<double> sum_;
};

} // namespace mixllm
