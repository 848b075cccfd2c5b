#include "quality/check_same_vocabulary.h"

#include <cstring>

#include "job/input_error.h"

void check_same_vocabulary(const llama_vocab* vocab, const std::string& name, const llama_vocab* reference,
                           const std::string& reference_name) {
    const std::string differ = name + " and its reference " + reference_name + " have different vocabularies: ";
    const int32_t count = llama_vocab_n_tokens(vocab);
    const int32_t reference_count = llama_vocab_n_tokens(reference);
    if (count != reference_count) {
        throw InputError(differ + std::to_string(count) + " and " + std::to_string(reference_count) + " tokens");
    }
    for (llama_token token = 0; token < count; token++) {
        if (std::strcmp(llama_vocab_get_text(vocab, token), llama_vocab_get_text(reference, token)) != 0) {
            throw InputError(differ + "token " + std::to_string(token) + " is \"" + llama_vocab_get_text(vocab, token) +
                             "\" in one and \"" + llama_vocab_get_text(reference, token) + "\" in the other");
        }
    }
    if (llama_vocab_get_add_bos(vocab) != llama_vocab_get_add_bos(reference) ||
        llama_vocab_bos(vocab) != llama_vocab_bos(reference)) {
        throw InputError(differ + "they do not start a text with the same token");
    }
}
