#include "llama/text_model.h"

#include <limits>

#include "stock/quantize_stock.h"

namespace mixllm {

ModelHandle load_model(const std::string& path, JobControl& control, int32_t gpu_layers) {
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = gpu_layers;
    return load_model(path, params, control);
}

void check_decoder(const llama_model* model, const std::string& path) {
    if (llama_model_has_encoder(model) || !llama_model_has_decoder(model)) {
        throw InputError(path + " is not a decoder-only text model");
    }
}

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

std::string model_type_name(const llama_model* model) {
    char description[256] = {};
    llama_model_desc(model, description, sizeof(description));
    const std::string text(description);
    const size_t mixed = text.find("MixLLM ");
    if (mixed != std::string::npos) {
        return text.substr(mixed);
    }
    const llama_ftype type = llama_model_ftype(model);
    for (const auto& [name, value] : stock_types()) {
        if (value == type) {
            return name;
        }
    }
    return llama_ftype_name(type);
}

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

} // namespace mixllm
