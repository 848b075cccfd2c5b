#include "speed/random_tokens.h"

#include <algorithm>
#include <random>

std::vector<llama_token> random_tokens(const llama_model* model, int32_t count, uint32_t seed) {
    const llama_vocab* vocab = llama_model_get_vocab(model);
    std::mt19937 random(seed);
    std::uniform_int_distribution<llama_token> any_token(0, llama_vocab_n_tokens(vocab) - 1);
    std::vector<llama_token> tokens(static_cast<size_t>(count));
    std::generate(tokens.begin(), tokens.end(), [&] { return any_token(random); });
    if (count > 0 && llama_vocab_get_add_bos(vocab)) {
        tokens[0] = llama_vocab_bos(vocab);
    }
    return tokens;
}
