#include "speed/ThreadPool.h"

#include <ggml-backend.h>
#include <stdexcept>
#include <string>

namespace {

/// The CPU backend may be a library of its own, loaded at run time, so its functions are asked for by name.
template <class Function>
Function* cpuFunction(const char* name) {
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    void* address =
        device == nullptr ? nullptr : ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
    if (address == nullptr)
        throw std::runtime_error(std::string("ggml's CPU backend has no ") + name);
    return reinterpret_cast<Function*>(address);
}

} // namespace

ThreadPool::ThreadPool(int32_t threads)
    : pool_(nullptr, cpuFunction<decltype(ggml_threadpool_free)>("ggml_threadpool_free")) {
    ggml_threadpool_params params = ggml_threadpool_params_default(threads);
    pool_.reset(cpuFunction<decltype(ggml_threadpool_new)>("ggml_threadpool_new")(&params));
    if (pool_ == nullptr)
        throw std::runtime_error("ggml could not start " + std::to_string(threads) + " threads");
}
