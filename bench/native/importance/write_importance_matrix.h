#pragma once

#include <string>

#include "importance/activation_sums.h"

/// Writes sums in the GGUF form of llama.cpp's imatrix tool, which its quantizer reads.
///
/// @param dataset name of the calibration text
/// @throws InputError when the file cannot be written
void write_importance_matrix(const std::string& path, const ActivationSums& sums, const std::string& dataset,
                             int32_t chunks, int32_t chunk_size);
