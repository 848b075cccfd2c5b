#include "llama/tokenize_text.h"

#include <limits>

#include "job/input_error.h"

std::vector<llama_token> tokenize_text(const llama_vocab* vocab, const std::string& text) {
    constexpr size_t longest = std::numeric_limits<int32_t>::max() - 2;
    if (text.size() > longest) {
        throw InputError("the text is longer than 2 GiB");
    }
    const auto length = static_cast<int32_t>(text.size());
    std::vector<llama_token> tokens(text.size() + 2); // no token is shorter than a byte, BOS and EOS apart
    int32_t count =
        llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()), true, false);
    if (count < 0) {
        if (count == std::numeric_limits<int32_t>::min()) {
            throw InputError("the text has more tokens than 32 bits can count");
        }
        tokens.resize(static_cast<size_t>(-count));
        count =
            llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()), true, false);
    }
    tokens.resize(static_cast<size_t>(count));
    return tokens;
}
