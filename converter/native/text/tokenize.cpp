#include "text/tokenize.h"

#include <llama.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "common/native/llama_model.h"

namespace mixllm {

namespace {

// llama.cpp counts characters and tokens in 32 bits; a text is cut at line ends into pieces well below that.
constexpr size_t piece_bytes = 16 << 20;

} // namespace

TokenizedText tokenize(const std::string& vocabulary, const std::string& text, JobControl& control) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const ModelHandle model = load_model(vocabulary, params, control);
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
        control.throw_if_canceled();
        control.report(static_cast<double>(end), static_cast<double>(text.size()));
    }
    return result;
}

} // namespace mixllm
