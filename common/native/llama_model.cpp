#include "common/native/llama_model.h"

#include <mutex>
#include <utility>
#include <vector>

namespace mixllm {

namespace {

std::mutex mutex;
std::vector<std::string> errors;
std::function<void(const std::string&)> info_listener;

void on_log(ggml_log_level level, const char* text, void*) {
    const std::lock_guard<std::mutex> lock(mutex);
    std::string line(text);
    if (level == GGML_LOG_LEVEL_INFO && info_listener) {
        info_listener(line);
    }
    if (level != GGML_LOG_LEVEL_ERROR) {
        return;
    }
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) {
        line.pop_back();
    }
    if (!line.empty()) {
        errors.push_back(std::move(line));
    }
}

/// llama.cpp starts a line with the function that logged it, `load_tensors: missing tensor ...`: of no use to users.
std::string without_function_name(const std::string& line) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos || line.find(' ') < colon) {
        return line;
    }
    return line.substr(colon + 2);
}

} // namespace

ModelHandle load_model(const std::string& path, llama_model_params params, JobControl& control) {
    static std::once_flag initialized;
    std::call_once(initialized, [] {
        capture_llama_log();
        llama_backend_init();
    });
    capture_llama_log();
    take_llama_error();

    params.progress_callback = [](float, void* data) { return !static_cast<JobControl*>(data)->canceled(); };
    params.progress_callback_user_data = &control;
    ModelHandle model(llama_model_load_from_file(path.c_str(), params));
    control.throw_if_canceled();
    if (model == nullptr) {
        const std::string reason = take_llama_error();
        throw InputError("cannot load " + path + ": " + (reason.empty() ? "llama.cpp gave no reason" : reason));
    }
    return model;
}

ContextHandle create_context(llama_model* model, const llama_context_params& params, const std::string& name) {
    take_llama_error();
    ContextHandle context(llama_init_from_model(model, params));
    if (context == nullptr) {
        const std::string reason = take_llama_error();
        throw InputError("cannot make a context of " + std::to_string(params.n_ctx) + " tokens for " + name + ": " +
                         (reason.empty() ? "llama.cpp gave no reason" : reason));
    }
    return context;
}

void set_abort(llama_context* context, JobControl* control) {
    if (control == nullptr) {
        llama_set_abort_callback(context, nullptr, nullptr);
        return;
    }
    const auto is_canceled = [](void* data) { return static_cast<JobControl*>(data)->canceled(); };
    llama_set_abort_callback(context, is_canceled, control);
}

void capture_llama_log() {
    llama_log_set(on_log, nullptr);
}

std::string take_llama_error() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (errors.empty()) {
        return {};
    }
    // The first error names the cause; those after it are callers passing the failure on.
    std::string cause = without_function_name(errors.front());
    const std::string loading = "error loading model: ";
    for (const std::string& line : errors) {
        const size_t at = line.find(loading);
        if (at == std::string::npos) {
            continue;
        }
        const std::string reason = line.substr(at + loading.size());
        if (errors.front() == line) {
            cause = reason;
        }
        break;
    }
    errors.clear();
    return cause;
}

LlamaLogListener::LlamaLogListener(std::function<void(const std::string&)> listener) {
    capture_llama_log();
    const std::lock_guard<std::mutex> lock(mutex);
    info_listener = std::move(listener);
}

LlamaLogListener::~LlamaLogListener() {
    const std::lock_guard<std::mutex> lock(mutex);
    info_listener = nullptr;
}

} // namespace mixllm
