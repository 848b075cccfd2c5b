#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "common/format/mixllm_format.h"
#include "quantize/half.h"

namespace mixllm {

/// Weights along an input row that share one scale (and zero point). The last group of a row may be shorter.
constexpr size_t group_size = MIXLLM_GROUP_SIZE;

/// Groups in a row of `inputs` weights.
inline size_t group_count(size_t inputs) {
    return static_cast<size_t>(mixllm_groups(static_cast<int64_t>(inputs)));
}

/// Rounds to the nearest integer, ties to even, for |value| < 2^22; branch-free so that loops vectorize everywhere.
inline float round_half_even(float value) {
    constexpr float magic = 12582912.0f; // 1.5 * 2^23: a float of this size has no fraction bits
    return (value + magic) - magic;
}

/// Asymmetric 4-bit grid of one group: weight = (q - zero) * scale, q and zero in 0..15.
struct Grid4 {
    float scale;         ///< the half's exact value; 0 for a group that holds only zeros
    uint16_t scale_half; ///< the bits the file stores
    uint8_t zero;
};

/// Symmetric 8-bit grid of one group: weight = q * scale, q in -127..127.
struct Grid8 {
    float scale;
    uint16_t scale_half;
};

/**
 * The 4-bit grid that spans `[low, high]`, widened to hold 0 so that a zero weight stays exactly zero.
 *
 * The scale is rounded to half before the zero point is chosen, and callers choose their integers with the rounded
 * scale: what is stored is what was optimised. A range beyond 15 * 65504 gives an infinite scale; see `is_usable`.
 */
inline Grid4 fit_grid4(float low, float high) {
    low = std::min(low, 0.0f);
    high = std::max(high, 0.0f);
    Grid4 grid;
    grid.scale_half = half_from_float((high - low) / 15.0f);
    grid.scale = float_from_half(grid.scale_half);
    const float zero = grid.scale > 0.0f ? std::clamp(-low / grid.scale, 0.0f, 15.0f) : 0.0f;
    grid.zero = static_cast<uint8_t>(round_half_even(zero));
    return grid;
}

/// The 8-bit grid whose ends are `±magnitude`; as with `fit_grid4` the scale is rounded to half first.
inline Grid8 fit_grid8(float magnitude) {
    Grid8 grid;
    grid.scale_half = half_from_float(magnitude / 127.0f);
    grid.scale = float_from_half(grid.scale_half);
    return grid;
}

/// Whether the grid's scale fits a half; weights beyond its range cannot be stored.
template <typename Grid>
bool is_usable(const Grid& grid) {
    return std::isfinite(grid.scale);
}

/// The integer of `weight` on the grid, 0..15.
inline uint8_t quantize(const Grid4& grid, float weight) {
    if (grid.scale == 0.0f) {
        return grid.zero;
    }
    const float q = std::clamp(weight / grid.scale, -16.0f, 16.0f);
    return static_cast<uint8_t>(std::clamp(round_half_even(q) + static_cast<float>(grid.zero), 0.0f, 15.0f));
}

/// The integer of `weight` on the grid, -127..127.
inline int8_t quantize(const Grid8& grid, float weight) {
    if (grid.scale == 0.0f) {
        return 0;
    }
    return static_cast<int8_t>(round_half_even(std::clamp(weight / grid.scale, -127.0f, 127.0f)));
}

/// The weight that integer `q` stands for.
inline float dequantize(const Grid4& grid, uint8_t q) {
    return static_cast<float>(static_cast<int>(q) - static_cast<int>(grid.zero)) * grid.scale;
}

inline float dequantize(const Grid8& grid, int8_t q) {
    return static_cast<float>(q) * grid.scale;
}

} // namespace mixllm
