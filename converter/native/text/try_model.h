#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/native/job.h"

namespace mixllm {

/// What llama.cpp makes of one text.
struct TriedText {
    /// As an app tokenizes a prompt: special tokens are found in the text, and those of every text are added.
    std::vector<int32_t> tokens;
    /// The tokens' texts, one behind the other, but for special tokens.
    std::string pieces;
};

/**
 * Does with a model file what its first reader does: loads it, but for the data of its tensors, and tokenizes texts and
 * the names of its special tokens.
 *
 * llama.cpp ends the process over some files, so this belongs in a process of its own.
 *
 * @param model path of a GGUF file
 * @param texts UTF-8
 * @throws InputError with llama.cpp's reason when it cannot load the file
 * @throws std::exception when it cannot tokenize with it
 * @throws CanceledError
 */
std::vector<TriedText> try_model(const std::string& model, const std::vector<std::string>& texts, JobControl& control);

} // namespace mixllm
