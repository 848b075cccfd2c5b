#pragma once

#include <cstdint>
#include <llama.h>
#include <vector>

/// Random tokens of the model's vocabulary, the first of them BOS where the model wants one. The same seed gives the
/// same tokens to models with vocabularies of one size.
std::vector<llama_token> random_tokens(const llama_model* model, int32_t count, uint32_t seed);
