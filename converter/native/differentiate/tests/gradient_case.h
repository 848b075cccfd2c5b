#pragma once

#include <ggml.h>

#include <functional>
#include <string>
#include <vector>

#include "array.h"

namespace mixllm {

/// What a leaf of a test's graph holds.
enum class Values {
    normal,   ///< around zero, never near a multiple of 0.1, where functions of the tests have corners
    positive, ///< from 0.3 to 2
    rows,     ///< whole numbers below `limit`, each once within a run of `ne[0]` where possible
    range,    ///< 0, 1, 2 ... over the first dimension
    given,    ///< `numbers`
};

struct Leaf {
    Shape shape;
    Values values = Values::normal;
    bool wanted = true;
    ggml_type type = GGML_TYPE_F32;
    int64_t limit = 0;
    std::vector<double> numbers = {};
};

using Tensors = std::vector<ggml_tensor*>;
using Arrays = std::vector<Array>;

/// One op, or a few together, whose gradients are held against finite differences of an evaluator in float64.
struct GradientCase {
    std::string name;
    std::vector<Leaf> leaves;
    std::function<ggml_tensor*(ggml_context*, const Tensors&)> build;
    std::function<Array(const Arrays&)> evaluate;
    double forward_bound = 1e-5; ///< largest difference of ggml's result, relative to the largest value
    double bound = 1e-5;         ///< the same of each leaf's gradient
};

/// A leaf that is no activation: it gets no gradient.
inline Leaf constant(const Shape& shape, Values values = Values::normal) {
    return {shape, values, false};
}

/// Constant numbers of rows, all below `limit`.
inline Leaf row_numbers(const Shape& shape, int64_t limit, ggml_type type = GGML_TYPE_I32) {
    return {shape, Values::rows, false, type, limit};
}

std::vector<GradientCase> elementwise_cases();
std::vector<GradientCase> activation_cases();
std::vector<GradientCase> gating_cases();
std::vector<GradientCase> shape_cases();
std::vector<GradientCase> reduction_cases();
std::vector<GradientCase> product_cases();
std::vector<GradientCase> expert_cases();
std::vector<GradientCase> attention_cases();
std::vector<GradientCase> recurrence_cases();
std::vector<GradientCase> hyper_connection_cases();

} // namespace mixllm
