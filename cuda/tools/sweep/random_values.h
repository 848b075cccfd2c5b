#pragma once

#include "contender.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <stdint.h>
#include <vector>

// `count` values of any bits.
template <class T>
std::vector<T> random_bits(size_t count) {
    std::mt19937_64 random(1);
    std::vector<uint64_t> words((count * sizeof(T) + 7) / 8);
    for (uint64_t& word : words) {
        word = random();
    }
    const T* values = reinterpret_cast<const T*>(words.data());
    return std::vector<T>(values, values + count);
}

// `count` floats, nearly normally distributed with mean 0 and standard deviation 1: sums of four uniform values.
inline std::vector<float> random_normal(size_t count) {
    std::mt19937_64 random(2);
    std::vector<float> values(count);
    for (float& value : values) {
        const uint64_t bits = random();
        const int sum = (int)(bits & 0xFFFF) + (int)(bits >> 16 & 0xFFFF) + (int)(bits >> 32 & 0xFFFF) +
                        (int)(bits >> 48) - 2 * 0xFFFF;
        value = (float)sum / 37837.2f; // 65536 sqrt(4 / 12)
    }
    return values;
}

// [tokens][slots] the experts that each token chooses, all different.
inline std::vector<int32_t> random_choice(const Shape& shape, int64_t tokens) {
    std::mt19937_64 random(3);
    std::vector<int32_t> order((size_t)shape.experts), choice;
    std::iota(order.begin(), order.end(), 0);
    for (int64_t token = 0; token < tokens; token++) {
        std::shuffle(order.begin(), order.end(), random);
        choice.insert(choice.end(), order.begin(), order.begin() + (long)shape.slots);
    }
    return choice;
}
