#pragma once

#include <chrono>
#include <cstdint>
#include <llama.h>
#include <string>
#include <vector>

#include "common/native/llama_model.h"

namespace mixllm {

/// A context as llama.cpp's benchmark makes them.
///
/// @param tokens how many it holds
/// @param path the model's, for an error message
/// @throws InputError when there is no memory for it
ContextHandle create_speed_context(llama_model* model, int32_t tokens, int32_t threads, const std::string& path);

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

/// Random tokens of the model's vocabulary, the first of them BOS where the model wants one. The same seed gives the
/// same tokens to models with vocabularies of one size.
std::vector<llama_token> random_tokens(const llama_model* model, int32_t count, uint32_t seed);

/// Elapsed time since it was made.
class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

} // namespace mixllm
