#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/native/job.h"

namespace mixllm {

/**
 * Draws token sequences from a model's own distribution, at temperature 1. Reports tokens drawn and tokens in all.
 *
 * A sequence starts with the token the model puts in front of every text, or, when it puts none, with one drawn evenly
 * from the vocabulary. Where the model ends a text before the sequence is full, another text follows.
 *
 * @param model path of a GGUF file of the whole model
 * @return `samples * length` tokens; the same for the same model, seed and counts
 * @throws InputError when llama.cpp cannot load the model or has no memory for it
 * @throws std::runtime_error when llama.cpp cannot run it
 * @throws CanceledError
 */
std::vector<int32_t> generate_samples(const std::string& model, int32_t samples, int32_t length, uint64_t seed,
                                      int threads, JobControl& control);

} // namespace mixllm
