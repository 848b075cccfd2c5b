#include "llama/create_context.h"

#include "job/input_error.h"
#include "llama/capture_llama_log.h"

ContextHandle create_context(llama_model* model, const llama_context_params& params, const std::string& name) {
    take_llama_error();
    ContextHandle context(llama_init_from_model(model, params));
    if (context == nullptr) {
        const std::string reason = take_llama_error();
        throw InputError("cannot make a context of " + std::to_string(params.n_ctx) + " tokens for " + name + ": " +
                         (reason.empty() ? "llama.cpp gave no reason" : reason));
    }
    return context;
}
