#include "speed/createSpeedContext.h"

#include "llama/createContext.h"
#include "speed/decodeTokens.h"

ContextHandle createSpeedContext(llama_model* model, int32_t tokens, int32_t threads, const std::string& path) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(tokens);
    params.n_batch = kPromptBatch;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.swa_full = false;
    return createContext(model, params, path);
}
