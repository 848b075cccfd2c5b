#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "weights/source_rows.h"

namespace mixllm {

/// The linears of a decoder layer, in the order they run.
enum class Linear : size_t { q, k, v, o, gate, up, down };

constexpr size_t linear_count = 7;

constexpr std::array<Linear, linear_count> all_linears{Linear::q,    Linear::k,  Linear::v,   Linear::o,
                                                       Linear::gate, Linear::up, Linear::down};

/// Rotary position embedding, in ggml's terms.
struct Rope {
    float base;
    float frequency_scale; ///< 1 / factor of linear and YaRN scaling, else 1
    float extrapolation;   ///< YaRN's mix of the unscaled frequencies, 0 without YaRN
    float attention_factor;
    float beta_fast;
    float beta_slow;
    int32_t original_context; ///< what YaRN's scaling is relative to
    bool neox;                ///< whether the halves of a head pair up, rather than neighbours
};

/**
 * What a decoder layer computes: pre-norm grouped-query attention and a SwiGLU MLP.
 *
 * Weights are in the file's row order: with `rope.neox` false, q and k rows are permuted so that rotary pairs are
 * neighbours, as llama.cpp stores Llama and Mistral; with `rope.neox` true the halves of a head pair up (Qwen).
 */
struct LayerShape {
    int64_t hidden;
    int64_t heads;
    int64_t kv_heads;
    int64_t head_dim;
    int64_t ffn;
    float norm_epsilon;
    Rope rope;

    int64_t outputs(Linear linear) const {
        switch (linear) {
        case Linear::q:
            return heads * head_dim;
        case Linear::k:
        case Linear::v:
            return kv_heads * head_dim;
        case Linear::gate:
        case Linear::up:
            return ffn;
        default:
            return hidden;
        }
    }

    int64_t inputs(Linear linear) const {
        switch (linear) {
        case Linear::o:
            return heads * head_dim;
        case Linear::down:
            return ffn;
        default:
            return hidden;
        }
    }
};

/// Every weight of one decoder layer, by role.
struct LayerSources {
    SourceRows linear[linear_count]; ///< indexed by `Linear`
    SourceRows bias[linear_count];   ///< Qwen2's q, k and v have one
    SourceRows attention_norm;
    SourceRows mlp_norm;
    SourceRows q_norm; ///< per head, Qwen3
    SourceRows k_norm;
    SourceRows rope_factors; ///< Llama 3's frequency divisors, half a head of them
};

} // namespace mixllm
