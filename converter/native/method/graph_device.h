#pragma once

#include <ggml-backend.h>

namespace mixllm {

/**
 * The device that graphs run on: the first GPU of ggml's build, else the CPU.
 *
 * @throws std::runtime_error when ggml offers not even a CPU
 */
ggml_backend_dev_t graph_device();

} // namespace mixllm
