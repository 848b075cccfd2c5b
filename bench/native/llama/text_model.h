#pragma once

#include <cstdint>
#include <llama.h>
#include <string>
#include <vector>

#include "common/native/llama_model.h"

namespace mixllm {

/// What a model computes with.
struct ModelPlacement {
    int32_t threads;
    /// Layers on the GPU; 0 keeps all on the CPU.
    int32_t gpu_layers;
};

/// Loads a GGUF model as llama.cpp's own tools do (memory-mapped where possible, weights repacked for the CPU).
///
/// @param gpu_layers layers to put on the GPU where there is one
/// @throws InputError naming the file and llama.cpp's reason
/// @throws CanceledError
ModelHandle load_model(const std::string& path, JobControl& control, int32_t gpu_layers = 0);

/// @throws InputError naming the file when the model does not generate text
void check_decoder(const llama_model* model, const std::string& path);

/// @param name what to call the model
/// @throws InputError unless it is a decoder-only model with a vocabulary, whose texts do not end with an EOS of their
///   own
void check_predicts_text(const llama_model* model, const std::string& name);

/// The quantization type of a loaded model, short: `Q4_K_M`, `F16`, `MixLLM W4.4A8`.
std::string model_type_name(const llama_model* model);

/// Tokenizes `text` with the model's own vocabulary, adding BOS where the model asks for it; special tokens written out
/// in the text stay text, as in llama.cpp's perplexity tool.
///
/// @throws InputError when the text is too long to index with 32 bits
std::vector<llama_token> tokenize_text(const llama_vocab* vocab, const std::string& text);

} // namespace mixllm
