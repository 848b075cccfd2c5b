#include "llama/check_predicts_text.h"

#include "job/input_error.h"
#include "llama/check_decoder.h"

void check_predicts_text(const llama_model* model, const std::string& name) {
    const llama_vocab* vocab = llama_model_get_vocab(model);
    if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_NONE) {
        throw InputError(name + " has no vocabulary to read a text with");
    }
    check_decoder(model, name);
    // A chunk cut out of a text has no end; llama.cpp's tools refuse such models too.
    if (llama_vocab_get_add_eos(vocab)) {
        throw InputError(name +
                         " ends every text with EOS (tokenizer.ggml.add_eos_token), which chunks of a text lack");
    }
}
