#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synthetic/plan_model.h"

namespace mixllm {

/// Random bits by position (splitmix64), so that any part of a tensor can be made on its own, the same on every
/// machine.
class RandomBits {
public:
    /// One sequence a name.
    explicit RandomBits(const std::string& name) : seed_(0xcbf29ce484222325u) {
        for (const char c : name) {
            seed_ = (seed_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u; // FNV-1a
        }
    }

    /// 64 random bits, the same for the same position.
    uint64_t at(uint64_t position) const {
        uint64_t value = seed_ + (position + 1) * 0x9e3779b97f4a7c15u;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
        return value ^ (value >> 31);
    }

    /// Nearly normal with mean 0 and standard deviation 1: the sum of four uniform values.
    float normal_at(uint64_t position) const {
        const uint64_t bits = at(position);
        const auto sum =
            static_cast<int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
        constexpr float deviation = 37837.2f; // of the sum: 65536 * sqrt(4 / 12)
        return static_cast<float>(sum - 131070) / deviation;
    }

private:
    uint64_t seed_;
};

/// Bytes of rows `first` to `first + count` of the tensor, where a row is `shape[0]` elements.
/// @param out `[count]` rows of `ggml_row_size(type, shape[0])` bytes
void fill_rows(const PlannedTensor& tensor, int64_t first, int64_t count, uint8_t* out);

} // namespace mixllm
