#pragma once

#include "../tests/random_model.h"

#include <random>
#include <string>

// A sound MixLLM model with a vocabulary, of one of a few architectures.
Model sound_model(std::mt19937& random);

// Breaks the model in a few places that a file's writer could have got wrong, or meant to: hyperparameters, tokens,
// tensors' names, types and shapes, the bits of masks, the rows' entries.
void mutate_model(Model& model, std::mt19937& random);

// Breaks the file beneath that: counts, lengths, types and offsets of its header, single bytes, its end.
void mutate_file(const std::string& path, std::mt19937& random);
