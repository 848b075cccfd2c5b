#include "speed/measure_start.h"

#include <algorithm>
#include <ggml-backend.h>

#include "llama/text_model.h"
#include "speed/speed_context.h"

namespace mixllm {

namespace {

/// Bytes in use on all GPUs together, by whatever program; nothing where ggml has no GPU.
std::optional<int64_t> used_video_memory() {
    std::optional<int64_t> used;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_GPU) {
            continue;
        }
        size_t free = 0;
        size_t total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        used = used.value_or(0) + static_cast<int64_t>(total - free);
    }
    return used;
}

llama_token most_likely_token(llama_context* context, const llama_model* model) {
    const float* logits = llama_get_logits_ith(context, -1);
    const int32_t count = llama_vocab_n_tokens(llama_model_get_vocab(model));
    return static_cast<llama_token>(std::max_element(logits, logits + count) - logits);
}

} // namespace

ModelStart measure_start(const std::string& path, int32_t prompt, int32_t context, const ModelPlacement& placement,
                         JobControl& control) {
    const std::optional<int64_t> used_before = used_video_memory();
    ModelStart start{};

    const Stopwatch stopwatch;
    const ModelHandle model = load_model(path, control, placement.gpu_layers);
    start.load_seconds = stopwatch.seconds();
    check_decoder(model.get(), path);
    const ContextHandle handle =
        create_speed_context(model.get(), std::max({context, prompt, short_prompt + 1}), placement.threads, path);
    std::vector<llama_token> tokens = random_tokens(model.get(), short_prompt, 0);
    decode_tokens(handle.get(), tokens, prompt_batch, path, control);
    tokens = {most_likely_token(handle.get(), model.get())};
    start.first_token_seconds = stopwatch.seconds();

    decode_tokens(handle.get(), tokens, 1, path, control);
    llama_memory_clear(llama_get_memory(handle.get()), false);
    tokens = random_tokens(model.get(), prompt, 0);
    decode_tokens(handle.get(), tokens, prompt_batch, path, control);
    if (used_before.has_value()) {
        start.video_memory_bytes = std::max<int64_t>(0, used_video_memory().value_or(0) - *used_before);
    }
    return start;
}

} // namespace mixllm
