#pragma once

#include <cmath>

namespace mixllm {

/// Value and slope of an activation function at one point.
struct Activation {
    float value;
    float slope;
};

inline float logistic(float x) {
    return 1.0f / (1.0f + std::exp(-x));
}

inline Activation relu(float x) {
    return x > 0.0f ? Activation{x, 1.0f} : Activation{0.0f, 0.0f};
}

/// x * logistic(steepness * x): SiLU at 1, the quick GELU at 1.702.
inline Activation silu(float x, float steepness) {
    const float s = logistic(steepness * x);
    return {x * s, s * (1.0f + steepness * x * (1.0f - s))};
}

inline Activation gelu_quick(float x) {
    return silu(x, 1.702f);
}

/// GELU with the error function.
inline Activation gelu_erf(float x) {
    const float cumulative = 0.5f * (1.0f + std::erf(x * 0.70710678f));
    const float density = 0.39894228f * std::exp(-0.5f * x * x);
    return {x * cumulative, cumulative + x * density};
}

/// GELU with its approximation by a hyperbolic tangent.
inline Activation gelu(float x) {
    const float cubic = 0.044715f * x * x;
    const float t = std::tanh(0.79788456f * x * (1.0f + cubic));
    const float inner_slope = 0.79788456f * (1.0f + 3.0f * cubic);
    return {0.5f * x * (1.0f + t), 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner_slope};
}

} // namespace mixllm
