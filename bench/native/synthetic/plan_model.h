#pragma once

#include <cstdint>
#include <ggml.h>
#include <gguf.h>
#include <string>
#include <vector>

namespace mixllm {

/// What a tensor of a synthetic model is filled with.
enum class Filling {
    /// One value everywhere: norms.
    Constant,
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
    /// A bit an output channel, set where it has 8 bits.
    Mask
};

struct PlannedTensor {
    std::string name;
    ggml_type type;
    /// Fastest first.
    std::vector<int64_t> shape;
    Filling filling;
    /// How many output channels of a row of the mask, those of one weight, are 8-bit; `Filling::Mask` only.
    int64_t channels8 = 0;
    /// `Filling::Constant` only.
    float value = 1.0f;
};

/// How large a model is. What its architecture does not have is 0.
struct Dimensions {
    int64_t layers;
    int64_t hidden;
    int64_t heads;
    int64_t kv_heads;
    int64_t head_size;
    /// Of a head's features, how many rotate.
    int64_t rotary_size;
    int64_t feed_forward;
    /// Experts of every layer, how many of them a token takes, and the width of one.
    int64_t experts;
    int64_t used_experts;
    int64_t expert_feed_forward;
    /// Tokens that attention of every other layer reaches back.
    int64_t sliding_window;
    /// Every how many layers there is full attention, between recurrent layers with these heads and convolution.
    int64_t full_attention_interval;
    int64_t recurrent_key_heads;
    int64_t recurrent_value_heads;
    int64_t recurrent_head_size;
    int64_t convolution_kernel;
};

/// A model to be filled with random weights.
struct SyntheticModel {
    std::string name;
    /// llama.cpp's name: llama, qwen35, qwen3moe or gpt-oss.
    std::string architecture;
    Dimensions dimensions;
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
    /// Leaves out what tensors hold: the file has a hole of their size.
    bool header_only;
};

/// The components of a MixLLM weight named `name`: `.w4`, `.w4_scale`, `.w4_zero`, `.w8`, `.w8_scale` (those of an
/// empty part left out) and `.mask`.
///
/// @param percent8bit share of 8-bit output channels, rounded to a multiple of 16 channels
/// @param experts more than 1: the components of a stack of weights, each with as many 8-bit channels
std::vector<PlannedTensor> plan_mixed_weight(const std::string& name, int64_t inputs, int64_t outputs,
                                             double percent8bit, int64_t experts = 1);

/**
 * The tensors of the model, in the order they are written.
 *
 * @param metadata is given the hyperparameters
 * @throws InputError for an architecture that is not described
 */
std::vector<PlannedTensor> plan_model(const SyntheticModel& model, gguf_context* metadata);

} // namespace mixllm
