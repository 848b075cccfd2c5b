#include "text/try_model.h"

#include <llama.h>

#include <algorithm>
#include <stdexcept>

#include "common/native/llama_model.h"

namespace mixllm {

namespace {

constexpr int32_t tried_special_tokens = 256; // looking for each in a text takes time with their number

std::vector<int32_t> tokenize_prompt(const llama_vocab* vocab, const std::string& text) {
    const auto length = static_cast<int32_t>(text.size());
    std::vector<int32_t> tokens(text.size() + 8);
    const auto run = [&] {
        return llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()), true,
                              true);
    };
    int32_t count = run();
    if (count < 0) {
        tokens.resize(static_cast<size_t>(-static_cast<int64_t>(count)));
        count = run();
    }
    if (count < 0) {
        throw std::runtime_error("llama.cpp cannot tokenize a text of " + std::to_string(length) + " bytes");
    }
    tokens.resize(static_cast<size_t>(count));
    return tokens;
}

std::string piece_of(const llama_vocab* vocab, llama_token token) {
    std::string piece(64, '\0');
    const auto run = [&] {
        return llama_token_to_piece(vocab, token, piece.data(), static_cast<int32_t>(piece.size()), 0, false);
    };
    int32_t length = run();
    if (length < 0) {
        piece.resize(static_cast<size_t>(-static_cast<int64_t>(length)));
        length = run();
    }
    piece.resize(static_cast<size_t>(std::max(length, 0)));
    return piece;
}

} // namespace

std::vector<TriedText> try_model(const std::string& path, const std::vector<std::string>& texts, JobControl& control) {
    capture_llama_log();
    take_llama_error();
    llama_model_params params = llama_model_default_params();
    params.no_alloc = true;
    params.load_mode = LLAMA_LOAD_MODE_NONE; // mapped, tensors would get their data all the same
    params.n_gpu_layers = 0;
    const ModelHandle model(llama_model_load_from_file(path.c_str(), params));
    if (model == nullptr) {
        const std::string reason = take_llama_error();
        throw InputError(reason.empty() ? "it gives no reason" : reason);
    }
    const llama_vocab* vocab = llama_model_get_vocab(model.get());

    int32_t tried = 0;
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocab) && tried < tried_special_tokens; token++) {
        if ((llama_vocab_get_attr(vocab, token) & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED)) != 0) {
            control.throw_if_canceled();
            tokenize_prompt(vocab, llama_vocab_get_text(vocab, token));
            tried++;
        }
    }
    std::vector<TriedText> results;
    for (const std::string& text : texts) {
        control.throw_if_canceled();
        TriedText result{tokenize_prompt(vocab, text), {}};
        for (const llama_token token : result.tokens) {
            result.pieces += piece_of(vocab, token);
        }
        results.push_back(std::move(result));
    }
    return results;
}

} // namespace mixllm
