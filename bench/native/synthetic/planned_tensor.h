#pragma once

#include <cstdint>
#include <ggml.h>
#include <string>
#include <vector>

/// What a tensor of a synthetic model is filled with.
enum class Filling {
    /// 1 everywhere: norms.
    Ones,
    /// Normally distributed weights of standard deviation 0.02, rounded to the tensor's type.
    Weights,
    /// Any bytes: 4-bit quants, two a byte.
    Nibbles,
    /// 8-bit quants, -127..127.
    Quants8,
    /// Scales that give 4-bit (8-bit) rows the same spread as `Weights`.
    Scales4,
    Scales8,
    /// Zero points 7 or 8, two a byte.
    ZeroPoints,
    /// Row order: the 4-bit rows, then the 8-bit rows, each ascending.
    Rows
};

struct PlannedTensor {
    std::string name;
    ggml_type type;
    /// Fastest first.
    std::vector<int64_t> shape;
    Filling filling;
    /// How many of the rows are 4-bit; `Filling::Rows` only.
    int64_t rows4 = 0;
};
