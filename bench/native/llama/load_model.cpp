#include "llama/load_model.h"

#include <mutex>

#include "job/input_error.h"
#include "llama/capture_llama_log.h"

ModelHandle load_model(const std::string& path, JobControl& control, int32_t gpu_layers) {
    static std::once_flag initialized;
    std::call_once(initialized, [] {
        capture_llama_log();
        llama_backend_init();
    });
    capture_llama_log();
    take_llama_error();

    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = gpu_layers;
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
