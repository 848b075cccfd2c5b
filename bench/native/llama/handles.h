#pragma once

#include <llama.h>
#include <memory>

struct LlamaModelDeleter {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
using ModelHandle = std::unique_ptr<llama_model, LlamaModelDeleter>;

struct LlamaContextDeleter {
    void operator()(llama_context* context) const { llama_free(context); }
};
using ContextHandle = std::unique_ptr<llama_context, LlamaContextDeleter>;
