#include "llama/ThreadPool.h"

#include <stdexcept>
#include <string>

#include "llama/cpuFunction.h"

ThreadPool::ThreadPool(int32_t threads)
    : pool_(nullptr, cpuFunction<decltype(ggml_threadpool_free)>("ggml_threadpool_free")) {
    ggml_threadpool_params params = ggml_threadpool_params_default(threads);
    pool_.reset(cpuFunction<decltype(ggml_threadpool_new)>("ggml_threadpool_new")(&params));
    if (pool_ == nullptr)
        throw std::runtime_error("ggml could not start " + std::to_string(threads) + " threads");
}
