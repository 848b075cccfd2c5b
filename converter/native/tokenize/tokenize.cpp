#include "tokenize.h"

#include <llama.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>

#include "silence_llama.h"

namespace mixllm {

namespace {

// llama.cpp counts characters and tokens in 32 bits; a text is cut at line ends into pieces well below that.
constexpr size_t piece_bytes = 16 << 20;

struct FreeModel {
    void operator()(llama_model* model) const { llama_model_free(model); }
};

} // namespace

TokenizedText tokenize(const std::string& vocabulary, const std::string& text) {
    silence_llama();
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const std::unique_ptr<llama_model, FreeModel> model(llama_model_load_from_file(vocabulary.c_str(), params));
    if (!model) {
        throw std::runtime_error("llama.cpp cannot read the vocabulary in " + vocabulary);
    }
    const llama_vocab* vocab = llama_model_get_vocab(model.get());
    TokenizedText result;
    result.bos = llama_vocab_get_add_bos(vocab) ? llama_vocab_bos(vocab) : -1;
    std::vector<llama_token> tokens;
    for (size_t begin = 0; begin < text.size();) {
        size_t end = std::min(text.size(), begin + piece_bytes);
        if (end < text.size()) {
            const size_t line = text.rfind('\n', end);
            end = line != std::string::npos && line > begin ? line : end;
        }
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
    }
    return result;
}

} // namespace mixllm
