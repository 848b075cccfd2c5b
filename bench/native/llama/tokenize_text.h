#pragma once

#include <llama.h>
#include <string>
#include <vector>

/// Tokenizes `text` with the model's own vocabulary, adding BOS where the model asks for it; special tokens written out
/// in the text stay text, as in llama.cpp's perplexity tool.
///
/// @throws InputError when the text is too long to index with 32 bits
std::vector<llama_token> tokenize_text(const llama_vocab* vocab, const std::string& text);
