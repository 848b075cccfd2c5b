#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// A Llama-shaped model to be filled with random weights.
struct SyntheticModel {
    std::string name;
    int64_t layers;
    int64_t hidden;
    int64_t heads;
    int64_t kv_heads;
    int64_t feed_forward;
    uint32_t context_length;
    float rope_frequency_base;
    /// The embedding serves as output head too.
    bool tied;
    /// Byte-level BPE tokens by id, and of each its llama.cpp token type.
    std::vector<std::string> tokens;
    std::vector<int32_t> token_types;
    std::vector<std::string> merges;
    uint32_t bos;
    uint32_t eos;
    /// F16 weights, or else MixLLM ones with this share of 8-bit output channels in every linear, 0 to 100.
    bool mixed;
    double percent8bit;

    int64_t head_size() const { return hidden / heads; }
};
