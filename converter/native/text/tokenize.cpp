#include "text/tokenize.h"

#include <llama.h>

#include <limits>
#include <stdexcept>

#include "common/native/llama_model.h"

namespace mixllm {

namespace {

constexpr size_t piece_bytes = 64 << 10; // some 20 ms, after which a cancellation is noticed

/// Where a piece of a text ends that begins at `begin`: behind a line, else a word, else a character.
size_t end_of_piece(const std::string& text, size_t begin) {
    const size_t end = begin + piece_bytes;
    if (end >= text.size()) {
        return text.size();
    }
    for (const char last : {'\n', ' '}) {
        const size_t found = text.rfind(last, end - 1);
        if (found != std::string::npos && found > begin) {
            return last == ' ' ? found : found + 1; // tokens have their space in front
        }
    }
    size_t character = end;
    while (character > begin + 1 && (static_cast<unsigned char>(text[character]) & 0xc0) == 0x80) {
        character--;
    }
    return character;
}

} // namespace

TokenizedText tokenize(const std::string& vocabulary, const std::string& text, size_t enough, JobControl& control) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const ModelHandle model = load_model(vocabulary, params, control);
    const llama_vocab* vocab = llama_model_get_vocab(model.get());
    TokenizedText result;
    result.bos = llama_vocab_get_add_bos(vocab) ? llama_vocab_bos(vocab) : -1;
    std::vector<llama_token> tokens;
    for (size_t begin = 0; begin < text.size() && result.tokens.size() < enough;) {
        const size_t end = end_of_piece(text, begin);
        const auto length = static_cast<int32_t>(end - begin);
        tokens.resize(static_cast<size_t>(length) + 8);
        int32_t count = llama_tokenize(vocab, text.data() + begin, length, tokens.data(),
                                       static_cast<int32_t>(tokens.size()), false, false);
        if (count < 0 && count != std::numeric_limits<int32_t>::min()) {
            tokens.resize(static_cast<size_t>(-count));
            count = llama_tokenize(vocab, text.data() + begin, length, tokens.data(), -count, false, false);
        }
        if (count < 0) {
            throw std::runtime_error("llama.cpp cannot tokenize the calibration text");
        }
        result.tokens.insert(result.tokens.end(), tokens.begin(), tokens.begin() + count);
        begin = end;
        control.throw_if_canceled();
    }
    return result;
}

} // namespace mixllm
