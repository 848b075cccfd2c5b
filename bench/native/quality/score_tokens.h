#pragma once

#include <cstddef>
#include <cstdint>
#include <llama.h>
#include <vector>

#include "common/native/workers.h"

namespace mixllm {

/// How one predicted token did; logits are read as float32, everything after that is float64.
struct TokenScores {
    /// -ln p(token), in nats.
    std::vector<double> negative_log_likelihood;
    /// -ln of the reference's p(token), in nats; empty without a reference, as are those below.
    std::vector<double> reference_negative_log_likelihood;
    /// KL(reference || model) over the whole vocabulary, in nats.
    std::vector<double> kl_divergence;
    /// p(token) - reference's p(token).
    std::vector<double> probability_change;
    /// 1 where both models put the same token first (the lowest id among equals).
    std::vector<uint8_t> same_top;

    /// @param count how many tokens there will be in all
    void reserve(size_t count, bool with_reference);
};

/// Scores `count` predictions and appends them to `scores`.
///
/// @param logits `[count][vocabulary]` of the model
/// @param reference_logits the same of the reference, or null
/// @param targets `[count]`, the token that did come after each position
/// @param workers share the tokens; the result does not depend on how many they are
/// @returns whether every logit was a number that means something (no NaN, no infinity but -infinity of a model that
///   masks tokens)
/// @throws CanceledError
bool score_tokens(const float* logits, const float* reference_logits, size_t vocabulary, const llama_token* targets,
                  size_t count, const Workers& workers, TokenScores& scores);

} // namespace mixllm
