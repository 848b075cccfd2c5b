#pragma once

#include <functional>
#include <string>

/// Silences llama.cpp's log and remembers its errors; may be called any number of times.
void capture_llama_log();

/// The reason llama.cpp logged for its last failure, without its function names; empty when it logged none.
/// Forgets what it returned.
std::string take_llama_error();

/// Hears llama.cpp's informational log lines while it lives; one at a time.
class LlamaLogListener {
public:
    explicit LlamaLogListener(std::function<void(const std::string&)> listener);
    ~LlamaLogListener();
    LlamaLogListener(const LlamaLogListener&) = delete;
    LlamaLogListener& operator=(const LlamaLogListener&) = delete;
};
