#include "llama/captureLlamaLog.h"

#include <llama.h>
#include <mutex>
#include <utility>
#include <vector>

namespace {

std::mutex mutex;
std::vector<std::string> errors;
std::function<void(const std::string&)> infoListener;

void onLog(ggml_log_level level, const char* text, void*) {
    const std::lock_guard<std::mutex> lock(mutex);
    std::string line(text);
    if (level == GGML_LOG_LEVEL_INFO && infoListener)
        infoListener(line);
    if (level != GGML_LOG_LEVEL_ERROR)
        return;
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.pop_back();
    if (!line.empty())
        errors.push_back(std::move(line));
}

/// llama.cpp starts a line with the function that logged it, `load_tensors: missing tensor ...`: of no use to users.
std::string withoutFunctionName(const std::string& line) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos || line.find(' ') < colon)
        return line;
    return line.substr(colon + 2);
}

} // namespace

void captureLlamaLog() {
    llama_log_set(onLog, nullptr);
}

std::string takeLlamaError() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (errors.empty())
        return {};
    // The first error names the cause; those after it are callers passing the failure on.
    std::string cause = withoutFunctionName(errors.front());
    const std::string loading = "error loading model: ";
    for (const std::string& line : errors) {
        const size_t at = line.find(loading);
        if (at == std::string::npos)
            continue;
        const std::string reason = line.substr(at + loading.size());
        if (errors.front() == line)
            cause = reason;
        break;
    }
    errors.clear();
    return cause;
}

LlamaLogListener::LlamaLogListener(std::function<void(const std::string&)> listener) {
    captureLlamaLog();
    const std::lock_guard<std::mutex> lock(mutex);
    infoListener = std::move(listener);
}

LlamaLogListener::~LlamaLogListener() {
    const std::lock_guard<std::mutex> lock(mutex);
    infoListener = nullptr;
}
