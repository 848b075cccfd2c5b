#include "llama/check_decoder.h"

#include "job/input_error.h"

void check_decoder(const llama_model* model, const std::string& path) {
    if (llama_model_has_encoder(model) || !llama_model_has_decoder(model)) {
        throw InputError(path + " is not a decoder-only text model");
    }
}
