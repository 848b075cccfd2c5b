#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/native/job.h"

namespace mixllm {

/// The tokens of a text, without special tokens, and the token the model puts in front (-1 when it puts none).
struct TokenizedText {
    std::vector<int32_t> tokens;
    int32_t bos;
};

/**
 * Tokenizes as llama.cpp does for the model that a GGUF file describes, in pieces of 64 KiB cut at line ends: where two
 * meet, a token can be another than in the text as a whole.
 *
 * @param vocabulary path of a GGUF file with the model's metadata; its tensors are not read
 * @param text UTF-8
 * @param enough tokens after which the rest of the text is left aside
 * @throws InputError when llama.cpp cannot read the vocabulary
 * @throws CanceledError
 */
TokenizedText tokenize(const std::string& vocabulary, const std::string& text, size_t enough, JobControl& control);

} // namespace mixllm
