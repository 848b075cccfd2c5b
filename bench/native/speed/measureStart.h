#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "job/JobControl.h"
#include "llama/ModelPlacement.h"

/// What it takes to get a model going.
struct ModelStart {
    /// From opening the file until the model is ready.
    double loadSeconds;
    /// From opening the file until the first token after a short prompt is known.
    double firstTokenSeconds;
    /// Bytes taken on the GPUs in the end; nothing where there is no GPU.
    std::optional<int64_t> videoMemoryBytes;
};

/// Tokens of the prompt that the first token is timed with.
constexpr int32_t kShortPrompt = 32;

/// Loads a model, processes a short prompt and picks the first token, on the clock; then processes a whole prompt off
/// it, so that the process reaches the memory that the model takes in use. Only the first call of a process tells what
/// a start costs.
///
/// @param prompt tokens of the whole prompt
/// @param context tokens of the context; more where the prompts need it
/// @throws InputError when the model cannot be loaded, is not a text model, or its context does not fit in memory
/// @throws CanceledError
ModelStart measureStart(const std::string& path, int32_t prompt, int32_t context, const ModelPlacement& placement,
                        JobControl& control);
