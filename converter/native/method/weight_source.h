#pragma once

#include <ggml.h>

#include <cstdint>

namespace mixllm {

/// A weight in host memory as its file has it; `data` null means the layer has no such weight.
struct WeightSource {
    const void* data = nullptr;
    ggml_type type = GGML_TYPE_F32; ///< F32, F16 or BF16
    int64_t columns = 0;            ///< inputs of a linear, or the length of a vector
    int64_t rows = 1;               ///< output channels

    int64_t count() const { return columns * rows; }
};

/// Every weight of one decoder layer, by role.
struct LayerSources {
    WeightSource linear[7]; ///< indexed by `Linear`
    WeightSource bias[7];   ///< Qwen2's q, k and v have one
    WeightSource attention_norm;
    WeightSource mlp_norm;
    WeightSource q_norm; ///< per head, Qwen3
    WeightSource k_norm;
    WeightSource rope_factors; ///< Llama 3's frequency divisors, half a head of them
};

} // namespace mixllm
