#include "engine.h"

#include <stdexcept>

namespace mixllm {

Engine::Engine(int threads, bool use_gpu) : threads_(threads) {
    if (threads < 1) {
        throw std::runtime_error("the number of threads must be at least 1");
    }
    // Backends built as separate libraries (dynamic loading) register only on this call; it does nothing twice.
    if (ggml_backend_dev_count() == 0) {
        ggml_backend_load_all();
    }
    if (use_gpu) {
        backend_.reset(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_GPU, nullptr));
    }
    if (!backend_) {
        backend_.reset(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr));
    }
    if (!backend_) {
        throw std::runtime_error("ggml offers no CPU backend; the runtime's build is incomplete");
    }
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(ggml_backend_get_device(backend_.get()));
    auto set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_n_threads"));
    if (set_threads != nullptr) {
        set_threads(backend_.get(), threads);
    }
    allocator_.reset(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend_.get())));
    if (!allocator_) {
        throw std::runtime_error("not enough memory for ggml's graph allocator");
    }
}

} // namespace mixllm
