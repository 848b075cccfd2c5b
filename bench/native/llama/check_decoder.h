#pragma once

#include <llama.h>
#include <string>

/// @throws InputError naming the file when the model does not generate text
void check_decoder(const llama_model* model, const std::string& path);
