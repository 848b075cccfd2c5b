#pragma once

#include <optional>
#include <string>

#include "ggml.h"

namespace mixllm {

/// The ggml type with this name as ggml spells it (`f16`, `q8_0`, `q4_K`), if there is one.
std::optional<ggml_type> find_tensor_type(const std::string& name);

} // namespace mixllm
