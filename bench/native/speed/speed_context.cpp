#include "speed/speed_context.h"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace mixllm {

ContextHandle create_speed_context(llama_model* model, int32_t tokens, int32_t threads, const std::string& path) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(tokens);
    params.n_batch = prompt_batch;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.swa_full = false;
    return create_context(model, params, path);
}

double decode_tokens(llama_context* context, std::vector<llama_token>& tokens, int32_t batch, const std::string& path,
                     JobControl& control) {
    set_abort(context, &control);
    const auto count = static_cast<int32_t>(tokens.size());
    int32_t status = 0;
    const Stopwatch stopwatch;
    for (int32_t done = 0; done < count && status == 0; done += batch) {
        status = llama_decode(context, llama_batch_get_one(tokens.data() + done, std::min(batch, count - done)));
        llama_synchronize(context);
    }
    const double seconds = stopwatch.seconds();
    set_abort(context, nullptr);
    control.throw_if_canceled();
    if (status != 0) {
        throw std::runtime_error("llama.cpp could not decode a batch of " + path + " (status " +
                                 std::to_string(status) + ")");
    }
    return seconds;
}

std::vector<llama_token> random_tokens(const llama_model* model, int32_t count, uint32_t seed) {
    const llama_vocab* vocab = llama_model_get_vocab(model);
    std::mt19937 random(seed);
    std::uniform_int_distribution<llama_token> any_token(0, llama_vocab_n_tokens(vocab) - 1);
    std::vector<llama_token> tokens(static_cast<size_t>(count));
    std::generate(tokens.begin(), tokens.end(), [&] { return any_token(random); });
    if (count > 0 && llama_vocab_get_add_bos(vocab)) {
        tokens[0] = llama_vocab_bos(vocab);
    }
    return tokens;
}

} // namespace mixllm
