#include "llama/checkDecoder.h"

#include "job/InputError.h"

void checkDecoder(const llama_model* model, const std::string& path) {
    if (llama_model_has_encoder(model) || !llama_model_has_decoder(model))
        throw InputError(path + " is not a decoder-only text model");
}
