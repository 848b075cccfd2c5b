#include "llama/createContext.h"

#include "job/InputError.h"
#include "llama/captureLlamaLog.h"

ContextHandle createContext(llama_model* model, const llama_context_params& params, const std::string& name) {
    takeLlamaError();
    ContextHandle context(llama_init_from_model(model, params));
    if (context == nullptr) {
        const std::string reason = takeLlamaError();
        throw InputError("cannot make a context of " + std::to_string(params.n_ctx) + " tokens for " + name + ": " +
                         (reason.empty() ? "llama.cpp gave no reason" : reason));
    }
    return context;
}
