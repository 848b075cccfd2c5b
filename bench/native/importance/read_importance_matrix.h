#pragma once

#include <string>

#include "importance/importance_matrix.h"

/// Reads an importance matrix in the GGUF form that llama.cpp's imatrix tool writes: `<weight>.in_sum2` holds sums of
/// squares, `<weight>.counts` how many tokens went into each.
///
/// @throws InputError naming the file and what is wrong with it
ImportanceMatrix read_importance_matrix(const std::string& path);
