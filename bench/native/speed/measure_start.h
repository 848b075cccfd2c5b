#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/native/job.h"
#include "llama/text_model.h"

namespace mixllm {

/// What it takes to get a model going.
struct ModelStart {
    /// From opening the file until the model is ready.
    double load_seconds;
    /// From opening the file until the first token after a short prompt is known.
    double first_token_seconds;
    /// Bytes taken on the GPUs in the end; nothing where there is no GPU.
    std::optional<int64_t> video_memory_bytes;
};

/// Tokens of the prompt that the first token is timed with.
constexpr int32_t short_prompt = 32;

/// Loads a model, processes a short prompt and picks the first token, on the clock; then processes a whole prompt off
/// it, so that the process reaches the memory that the model takes in use. Only the first call of a process tells what
/// a start costs.
///
/// @param prompt tokens of the whole prompt
/// @param context tokens of the context; more where the prompts need it
/// @throws InputError when the model cannot be loaded, is not a text model, or its context does not fit in memory
/// @throws CanceledError
ModelStart measure_start(const std::string& path, int32_t prompt, int32_t context, const ModelPlacement& placement,
                         JobControl& control);

} // namespace mixllm
