#include "speed/create_speed_context.h"

#include "llama/create_context.h"
#include "speed/decode_tokens.h"

ContextHandle create_speed_context(llama_model* model, int32_t tokens, int32_t threads, const std::string& path) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(tokens);
    params.n_batch = prompt_batch;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.swa_full = false;
    return create_context(model, params, path);
}
