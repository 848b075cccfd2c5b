#pragma once

#include <llama.h>

namespace mixllm {

/// Keeps llama.cpp's log off the terminal: what fails is told as an error, and the rest is no user's business.
inline void silence_llama() {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
}

} // namespace mixllm
