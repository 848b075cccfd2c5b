#pragma once

#include <llama.h>
#include <string>

/// The quantization type of a loaded model, short: `Q4_K_M`, `F16`, `MixLLM W4.4A8`.
std::string model_type_name(const llama_model* model);
