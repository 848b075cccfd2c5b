#include "engine/engine.h"

#include <stdexcept>
#include <string>

namespace mixllm {

ggml_backend_dev_t graph_device() {
    // Backends built as separate libraries (dynamic loading) register only on this call; it does nothing twice.
    if (ggml_backend_dev_count() == 0) {
        ggml_backend_load_all();
    }
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    if (device == nullptr) {
        device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    }
    if (device == nullptr) {
        throw std::runtime_error("ggml offers no CPU backend; the runtime's build is incomplete");
    }
    return device;
}

Engine::Engine(const Workers& workers, Where where) : workers_(workers) {
    ggml_backend_dev_t device = graph_device(); // which loads the backends
    if (where == Where::cpu) {
        device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
        if (device == nullptr) {
            throw std::runtime_error("ggml offers no CPU backend; the runtime's build is incomplete");
        }
    }
    backend_.reset(ggml_backend_dev_init(device, nullptr));
    if (!backend_) {
        throw std::runtime_error(std::string("cannot use the device ") + ggml_backend_dev_description(device));
    }
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(device);
    auto set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_n_threads"));
    if (set_threads != nullptr) {
        set_threads(backend_.get(), workers_.threads());
    }
    auto set_abort = reinterpret_cast<ggml_backend_set_abort_callback_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_abort_callback"));
    can_abort_ = set_abort != nullptr;
    if (can_abort_) {
        set_abort(
            backend_.get(), [](void* data) { return static_cast<const Workers*>(data)->canceled(); }, &workers_);
    }
    allocator_.reset(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend_.get())));
    if (!allocator_) {
        throw std::runtime_error("not enough memory for ggml's graph allocator");
    }
}

} // namespace mixllm
