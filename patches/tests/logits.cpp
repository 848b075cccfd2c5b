#include "logits.h"

#include <cmath>

std::string log_text;

void log_to_text() {
    llama_log_set([](ggml_log_level, const char* text, void*) { log_text += text; }, nullptr);
}

model_ptr load(const std::string& path, const LoadOptions& options) {
    log_text.clear();
    llama_model_params params = llama_model_default_params();
    params.load_mode = options.mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    params.use_extra_bufts = options.tile;
    params.n_gpu_layers = options.gpu_layers;
    const llama_model_tensor_buft_override overrides[] = {{options.on_cpu, ggml_backend_cpu_buffer_type()}, {}};
    params.tensor_buft_overrides = options.on_cpu == nullptr ? nullptr : overrides;
    return model_ptr(llama_model_load_from_file(path.c_str(), params), llama_model_free);
}

std::vector<float> logits(const std::string& path, const LoadOptions& options) {
    const model_ptr model = load(path, options);
    if (!model) {
        return {};
    }
    options.after_load();
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 64;
    params.n_threads = params.n_threads_batch = 2;
    if (!options.attention_on_device) {
        params.offload_kqv = false;
        params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    }
    std::unique_ptr<llama_context, decltype(&llama_free)> context(llama_init_from_model(model.get(), params),
                                                                  llama_free);
    if (!options.lora.empty()) {
        llama_adapter_lora* lora = llama_adapter_lora_init(model.get(), options.lora.c_str());
        float scale = 1.0f;
        if (lora == nullptr || llama_set_adapters_lora(context.get(), &lora, 1, &scale) != 0) {
            return {};
        }
    }
    llama_batch batch = llama_batch_init(options.tokens, 0, 1);
    for (int i = 0; i < options.tokens; i++) {
        batch.token[i] = (i * 13 + 5) % N_VOCAB;
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = true;
    }
    batch.n_tokens = options.tokens;
    std::vector<float> result;
    if (llama_decode(context.get(), batch) == 0) {
        const float* all = llama_get_logits(context.get());
        result.assign(all, all + options.tokens * N_VOCAB);
    }
    llama_batch_free(batch);
    return result;
}

double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
    if (got.size() != expected.size() || got.empty()) {
        return INFINITY;
    }
    double error = 0.0, power = 0.0;
    for (size_t i = 0; i < got.size(); i++) {
        error += std::pow(static_cast<double>(got[i]) - expected[i], 2);
        power += std::pow(static_cast<double>(expected[i]), 2);
    }
    return error / power;
}
