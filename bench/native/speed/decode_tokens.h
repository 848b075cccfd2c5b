#pragma once

#include <cstdint>
#include <llama.h>
#include <string>
#include <vector>

#include "job/job_control.h"

/// llama.cpp's default logical batch.
constexpr int32_t prompt_batch = 2048;

/// Appends tokens to the context's sequence, `batch` at a time, with the context's number of threads.
///
/// @param path the model's, for an error message
/// @returns seconds it took
/// @throws CanceledError
/// @throws std::runtime_error when llama.cpp cannot decode
double decode_tokens(llama_context* context, std::vector<llama_token>& tokens, int32_t batch, const std::string& path,
                     JobControl& control);
