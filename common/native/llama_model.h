#pragma once

#include <functional>
#include <memory>
#include <string>

#include <llama.h>

#include "common/native/job.h"

namespace mixllm {

struct LlamaModelDeleter {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
using ModelHandle = std::unique_ptr<llama_model, LlamaModelDeleter>;

struct LlamaContextDeleter {
    void operator()(llama_context* context) const { llama_free(context); }
};
using ContextHandle = std::unique_ptr<llama_context, LlamaContextDeleter>;

/**
 * Loads a GGUF model.
 *
 * @param params what to load and where to; its progress callback is replaced
 * @throws InputError naming the file and llama.cpp's reason
 * @throws CanceledError
 */
ModelHandle load_model(const std::string& path, llama_model_params params, JobControl& control);

/**
 * Makes a context.
 *
 * @param name what to call the model in an error message
 * @throws InputError naming the model and llama.cpp's reason, memory that ran out included
 */
ContextHandle create_context(llama_model* model, const llama_context_params& params, const std::string& name);

/// Has the cancellation of a job end a context's graphs; null ends that.
void set_abort(llama_context* context, JobControl* control);

/// Silences llama.cpp's log and remembers its errors; may be called any number of times.
void capture_llama_log();

/// The reason llama.cpp logged for its last failure, without its function names; empty when it logged none.
/// Forgets what it returned.
std::string take_llama_error();

/// Hears llama.cpp's informational log lines while it lives; one at a time.
class LlamaLogListener {
public:
    explicit LlamaLogListener(std::function<void(const std::string&)> listener);
    ~LlamaLogListener();
    LlamaLogListener(const LlamaLogListener&) = delete;
    LlamaLogListener& operator=(const LlamaLogListener&) = delete;
};

} // namespace mixllm
