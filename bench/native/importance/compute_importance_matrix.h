#pragma once

#include <cstdint>
#include <string>

#include "common/native/job.h"

namespace mixllm {

struct ImportanceRequest {
    std::string model;
    /// Calibration text, UTF-8 bytes.
    std::string text;
    /// Name of the text, kept in the file.
    std::string dataset;
    /// Tokens a chunk.
    int32_t context;
    /// How many chunks at most; 0 takes them all.
    int32_t chunks;
    int32_t threads;
    std::string output;
};

/// Computes an importance matrix by the protocol of llama.cpp's imatrix tool: mean squares of the inputs of every
/// linear weight of the decoder blocks over chunks of the text.
///
/// Reports chunks done and chunks in all.
///
/// @throws InputError for a model that cannot be loaded or mixes experts, a text shorter than one chunk, activations
/// that
///   are not numbers, or an output that cannot be written
/// @throws CanceledError
void compute_importance_matrix(const ImportanceRequest& request, JobControl& control);

} // namespace mixllm
