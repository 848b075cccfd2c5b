#include "speed/SpeedModel.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>
#include <vector>

#include "job/InputError.h"
#include "llama/createContext.h"
#include "llama/loadModel.h"
#include "llama/modelTypeName.h"
#include "speed/ThreadPool.h"

namespace {

/// llama.cpp's default logical batch.
constexpr int32_t kBatch = 2048;

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

ContextHandle testContext(llama_model* model, int32_t tokens, int32_t threads, const std::string& path) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(tokens);
    params.n_batch = kBatch;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.swa_full = false;
    return createContext(model, params, path);
}

} // namespace

SpeedModel::SpeedModel(const std::string& path, int32_t prompt, int32_t generate, int32_t threads, JobControl& control)
    : path_(path), prompt_(prompt), generate_(generate), threads_(threads) {
    const Clock::time_point start = Clock::now();
    model_ = loadModel(path, control);
    loadSeconds_ = secondsSince(start);
    if (llama_model_has_encoder(model_.get()) || !llama_model_has_decoder(model_.get()))
        throw InputError(path + " is not a decoder-only text model");
    type_ = modelTypeName(model_.get());
    if (prompt > 0)
        promptContext_ = testContext(model_.get(), prompt, threads, path);
    if (generate > 0)
        generationContext_ = testContext(model_.get(), generate, threads, path);
}

void SpeedModel::warmUp(JobControl& control) {
    if (promptContext_ != nullptr)
        timeRun(promptContext_.get(), prompt_, kBatch, 0, control);
    if (generationContext_ != nullptr)
        timeRun(generationContext_.get(), 1, 1, 0, control);
}

double SpeedModel::timePrompt(uint32_t seed, JobControl& control) {
    return timeRun(promptContext_.get(), prompt_, kBatch, seed, control);
}

double SpeedModel::timeGeneration(uint32_t seed, JobControl& control) {
    return timeRun(generationContext_.get(), generate_, 1, seed, control);
}

double SpeedModel::timeRun(llama_context* context, int32_t tokens, int32_t batch, uint32_t seed, JobControl& control) {
    const llama_vocab* vocab = llama_model_get_vocab(model_.get());
    std::mt19937 random(seed);
    std::uniform_int_distribution<llama_token> anyToken(0, llama_vocab_n_tokens(vocab) - 1);
    std::vector<llama_token> input(static_cast<size_t>(tokens));
    std::generate(input.begin(), input.end(), [&] { return anyToken(random); });
    if (llama_vocab_get_add_bos(vocab))
        input[0] = llama_vocab_bos(vocab);

    const auto isCanceled = [](void* data) { return static_cast<JobControl*>(data)->canceled(); };
    llama_set_abort_callback(context, isCanceled, &control);
    llama_memory_clear(llama_get_memory(context), false);
    const ThreadPool pool(threads_);
    llama_attach_threadpool(context, pool.get(), nullptr);
    int32_t status = 0;
    const Clock::time_point start = Clock::now();
    for (int32_t done = 0; done < tokens && status == 0; done += batch) {
        status = llama_decode(context, llama_batch_get_one(input.data() + done, std::min(batch, tokens - done)));
        llama_synchronize(context);
    }
    const double seconds = secondsSince(start);
    llama_detach_threadpool(context);
    llama_set_abort_callback(context, nullptr, nullptr);
    control.throwIfCanceled();
    if (status != 0)
        throw std::runtime_error("llama.cpp could not decode a batch of " + path_ + " (status " +
                                 std::to_string(status) + ")");
    return seconds;
}
