#pragma once

#include <cstdint>
#include <llama.h>
#include <string>
#include <utility>
#include <vector>

#include "common/native/job.h"

namespace mixllm {

/// The quantization types of llama.cpp that a user can ask for, by the names its quantizer gives them.
const std::vector<std::pair<std::string, llama_ftype>>& stock_types();

/// Quantizes a float GGUF to a stock type with llama.cpp's own quantizer, at its defaults.
///
/// Reports tensors done and tensors in all. llama.cpp offers no way to stop it, so a cancellation waits for the end.
///
/// @param type a name of `stock_types()`, in any case
/// @param importance_matrix path of a GGUF importance matrix, or empty
/// @throws InputError for an unknown type, a model that is not F32, F16 or BF16, a matrix that does not fit, or
/// whatever
///   llama.cpp refuses
void quantize_stock(const std::string& input, const std::string& output, const std::string& type,
                    const std::string& importance_matrix, int32_t threads, JobControl& control);

} // namespace mixllm
