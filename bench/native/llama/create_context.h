#pragma once

#include <string>

#include "llama/handles.h"

/// Creates a context.
/// @param name what to call the model in an error message
/// @throws InputError naming the model and llama.cpp's reason, memory that ran out included
ContextHandle create_context(llama_model* model, const llama_context_params& params, const std::string& name);
