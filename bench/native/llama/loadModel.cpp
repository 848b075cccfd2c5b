#include "llama/loadModel.h"

#include <mutex>

#include "job/InputError.h"
#include "llama/captureLlamaLog.h"

ModelHandle loadModel(const std::string& path, JobControl& control, int32_t gpuLayers) {
    static std::once_flag initialized;
    std::call_once(initialized, [] {
        captureLlamaLog();
        llama_backend_init();
    });
    captureLlamaLog();
    takeLlamaError();

    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = gpuLayers;
    params.progress_callback = [](float, void* data) { return !static_cast<JobControl*>(data)->canceled(); };
    params.progress_callback_user_data = &control;
    ModelHandle model(llama_model_load_from_file(path.c_str(), params));
    control.throwIfCanceled();
    if (model == nullptr) {
        const std::string reason = takeLlamaError();
        throw InputError("cannot load " + path + ": " + (reason.empty() ? "llama.cpp gave no reason" : reason));
    }
    return model;
}
