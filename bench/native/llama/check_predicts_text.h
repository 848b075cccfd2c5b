#pragma once

#include <llama.h>
#include <string>

/// @param name what to call the model
/// @throws InputError unless it is a decoder-only model with a vocabulary, whose texts do not end with an EOS of their
///   own
void check_predicts_text(const llama_model* model, const std::string& name);
