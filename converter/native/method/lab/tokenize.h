#pragma once

#include <llama.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mixllm {

/// The tokens of a text file, without special tokens, and the model's BOS (-1 when it puts none).
struct TokenizedText {
    std::vector<int32_t> tokens;
    int32_t bos;
};

inline TokenizedText tokenize(const std::string& model_path, const std::string& text_path) {
    std::ifstream file(text_path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + text_path);
    }
    std::stringstream content;
    content << file.rdbuf();
    const std::string text = content.str();

    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    llama_model* model = llama_model_load_from_file(model_path.c_str(), params);
    if (model == nullptr) {
        throw std::runtime_error("cannot load the vocabulary of " + model_path);
    }
    const llama_vocab* vocabulary = llama_model_get_vocab(model);
    TokenizedText result;
    result.tokens.resize(text.size() + 8);
    const int32_t count =
        llama_tokenize(vocabulary, text.data(), static_cast<int32_t>(text.size()), result.tokens.data(),
                       static_cast<int32_t>(result.tokens.size()), false, false);
    result.tokens.resize(static_cast<size_t>(count));
    result.bos = llama_vocab_get_add_bos(vocabulary) ? llama_vocab_bos(vocabulary) : -1;
    llama_model_free(model);
    return result;
}

} // namespace mixllm
