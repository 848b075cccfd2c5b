#include "speed/measureStart.h"

#include <algorithm>

#include "job/Stopwatch.h"
#include "llama/checkDecoder.h"
#include "llama/loadModel.h"
#include "llama/usedVideoMemory.h"
#include "speed/createSpeedContext.h"
#include "speed/decodeTokens.h"
#include "speed/randomTokens.h"

namespace {

llama_token mostLikelyToken(llama_context* context, const llama_model* model) {
    const float* logits = llama_get_logits_ith(context, -1);
    const int32_t count = llama_vocab_n_tokens(llama_model_get_vocab(model));
    return static_cast<llama_token>(std::max_element(logits, logits + count) - logits);
}

} // namespace

ModelStart measureStart(const std::string& path, int32_t prompt, int32_t context, const ModelPlacement& placement,
                        JobControl& control) {
    const std::optional<int64_t> usedBefore = usedVideoMemory();
    ModelStart start{};

    const Stopwatch stopwatch;
    const ModelHandle model = loadModel(path, control, placement.gpuLayers);
    start.loadSeconds = stopwatch.seconds();
    checkDecoder(model.get(), path);
    const ContextHandle handle =
        createSpeedContext(model.get(), std::max({context, prompt, kShortPrompt + 1}), placement.threads, path);
    std::vector<llama_token> tokens = randomTokens(model.get(), kShortPrompt, 0);
    decodeTokens(handle.get(), tokens, kPromptBatch, path, control);
    tokens = {mostLikelyToken(handle.get(), model.get())};
    start.firstTokenSeconds = stopwatch.seconds();

    decodeTokens(handle.get(), tokens, 1, path, control);
    llama_memory_clear(llama_get_memory(handle.get()), false);
    tokens = randomTokens(model.get(), prompt, 0);
    decodeTokens(handle.get(), tokens, kPromptBatch, path, control);
    if (usedBefore.has_value())
        start.videoMemoryBytes = std::max<int64_t>(0, usedVideoMemory().value_or(0) - *usedBefore);
    return start;
}
