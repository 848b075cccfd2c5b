#pragma once

#include <cstdint>
#include <string>

#include "llama/handles.h"

/// A context as llama.cpp's benchmark makes them.
///
/// @param tokens how many it holds
/// @param path the model's, for an error message
/// @throws InputError when there is no memory for it
ContextHandle create_speed_context(llama_model* model, int32_t tokens, int32_t threads, const std::string& path);
