// Weights with what they stand for, and the definition of the op in float64.

#pragma once

#include "ggml-backend.h"
#include "ggml.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

// A weight in the file's layout, beside the integers and scales it stands for.
struct Weight {
    int64_t n4, n8, n_inputs, groups;
    std::vector<uint8_t> w4, w4_zero;
    std::vector<int8_t> w8;
    std::vector<ggml_fp16_t> w4_scale, w8_scale;
    std::vector<int32_t> rows;
    std::vector<int32_t> integers; // [n4 + n8][n_inputs], zero point subtracted
    std::vector<double> scales;    // [n4 + n8][groups]

    Weight(int64_t n4, int64_t n8, int64_t n_inputs, std::mt19937& random);
};

// One token's y in float64, and for each channel the sum of the magnitudes that float32 rounding errors scale with.
void reference(const Weight& weight, const float* x, std::vector<double>& y, std::vector<double>& magnitude);

// Whether a device's y may differ so from the reference: float32 rounding of a sum of at most 32 group terms stays far
// below this share of its magnitude.
inline bool agrees(float got, double expected, double magnitude) {
    return std::fabs(got - expected) <= 1e-5 * magnitude + 1e-12;
}

template <typename T>
void upload(ggml_tensor* tensor, const std::vector<T>& data) {
    if (tensor != nullptr) {
        ggml_backend_tensor_set(tensor, data.data(), 0, data.size() * sizeof(T));
    }
}
