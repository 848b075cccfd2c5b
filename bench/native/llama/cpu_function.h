#pragma once

#include <ggml-backend.h>
#include <stdexcept>
#include <string>

/// A function of ggml's CPU backend, which may be a library of its own, loaded at run time, and so is asked by name.
///
/// @throws std::runtime_error when the backend does not have it
template <class Function>
Function* cpu_function(const char* name) {
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    void* address =
        device == nullptr ? nullptr : ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
    if (address == nullptr) {
        throw std::runtime_error(std::string("ggml's CPU backend has no ") + name);
    }
    return reinterpret_cast<Function*>(address);
}
