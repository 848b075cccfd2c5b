#pragma once

#include <llama.h>
#include <string>

/// @throws InputError saying what differs, unless both vocabularies give every id the same text and use the same BOS
void check_same_vocabulary(const llama_vocab* vocab, const std::string& name, const llama_vocab* reference,
                           const std::string& reference_name);
