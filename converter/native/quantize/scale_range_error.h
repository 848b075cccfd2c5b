#pragma once

#include <stdexcept>
#include <string>

namespace mixllm {

/// Weights are too large for scales in half precision.
class ScaleRangeError : public std::runtime_error {
public:
    /// @param weight whose they are, as in `tensor "x"`
    explicit ScaleRangeError(const std::string& weight = "a weight")
        : std::runtime_error(weight + " has values too large for a half-precision scale") {}
};

/// Runs `work`, saying whose weights they are when they are too large for their scales.
template <typename Work>
auto with_weight_named(const std::string& weight, const Work& work) {
    try {
        return work();
    } catch (const ScaleRangeError&) {
        throw ScaleRangeError(weight);
    }
}

} // namespace mixllm
