#include "quality/checkSameVocabulary.h"

#include <cstring>

#include "job/InputError.h"

void checkSameVocabulary(const llama_vocab* vocab, const std::string& name, const llama_vocab* reference,
                         const std::string& referenceName) {
    const std::string differ = name + " and its reference " + referenceName + " have different vocabularies: ";
    const int32_t count = llama_vocab_n_tokens(vocab);
    const int32_t referenceCount = llama_vocab_n_tokens(reference);
    if (count != referenceCount)
        throw InputError(differ + std::to_string(count) + " and " + std::to_string(referenceCount) + " tokens");
    for (llama_token token = 0; token < count; token++) {
        if (std::strcmp(llama_vocab_get_text(vocab, token), llama_vocab_get_text(reference, token)) != 0)
            throw InputError(differ + "token " + std::to_string(token) + " is \"" + llama_vocab_get_text(vocab, token) +
                             "\" in one and \"" + llama_vocab_get_text(reference, token) + "\" in the other");
    }
    if (llama_vocab_get_add_bos(vocab) != llama_vocab_get_add_bos(reference) ||
        llama_vocab_bos(vocab) != llama_vocab_bos(reference))
        throw InputError(differ + "they do not start a text with the same token");
}
