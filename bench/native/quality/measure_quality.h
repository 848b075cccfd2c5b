#pragma once

#include <string>

#include "common/native/job.h"
#include "quality/score_tokens.h"

namespace mixllm {

struct QualityRequest {
    std::string model;
    /// Empty when there is none.
    std::string reference;
    /// UTF-8 bytes.
    std::string text;
    /// Tokens a chunk, at least 4.
    int32_t context;
    /// How many chunks at most; 0 takes them all.
    int32_t chunks;
    int32_t threads;
    /// Layers of each model to put on a device other than the CPU.
    int32_t gpu_layers;
};

struct QualityMeasurement {
    /// Tokens in the whole text.
    size_t tokens;
    int32_t chunks;
    /// Longest context the model was trained on.
    int32_t trained_context;
    TokenScores scores;
};

/// Scores the second half of every chunk of the text, by llama.cpp's perplexity protocol, and sets it against the
/// reference; both models advance pass by pass, so that no logits outlive theirs.
///
/// Reports chunks done, chunks in all and the perplexity so far.
///
/// @throws InputError for a file that cannot be loaded, a text shorter than one context, a model without a vocabulary,
///   vocabularies that differ, or logits that are not numbers
/// @throws CanceledError
QualityMeasurement measure_quality(const QualityRequest& request, JobControl& control);

} // namespace mixllm
