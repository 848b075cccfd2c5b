#include "engine.h"

#include <stdexcept>
#include <string>

#include "graph_device.h"

namespace mixllm {

Engine::Engine(int threads) : threads_(threads) {
    if (threads < 1) {
        throw std::runtime_error("the number of threads must be at least 1");
    }
    ggml_backend_dev_t device = graph_device();
    backend_.reset(ggml_backend_dev_init(device, nullptr));
    if (!backend_) {
        throw std::runtime_error(std::string("cannot use the device ") + ggml_backend_dev_description(device));
    }
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(device);
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
