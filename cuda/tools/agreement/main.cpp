// Holds a model's logits on the GPU, in whole, in part, and with its weights in the CPU's memory, against the CPU's:
//   agreement <model>
// A prompt long enough for the kernels of many tokens, then single tokens. The backends order and round sums
// differently, so the measure is the norm of the difference over the norm of the logits: wrong ones give about 1.

#include <ggml-backend.h>
#include <llama.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

const int prompt_tokens = 200, single_tokens = 8;
const double most_difference = 0.05;

using Model = std::unique_ptr<llama_model, decltype(&llama_model_free)>;
using Context = std::unique_ptr<llama_context, decltype(&llama_free)>;

struct Placement {
    const char* name;
    bool cpu_only;
    int gpu_layers;
};

// The logits after the prompt and after each single token, one after another.
std::vector<float> logits_of(const std::string& path, const Placement& placement) {
    llama_model_params model_params = llama_model_default_params();
    ggml_backend_dev_t no_devices[] = {nullptr};
    if (placement.cpu_only) {
        model_params.devices = no_devices;
    }
    model_params.n_gpu_layers = placement.gpu_layers;
    const Model model(llama_model_load_from_file(path.c_str(), model_params), llama_model_free);
    if (!model) {
        throw std::runtime_error("cannot load " + path);
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 512;
    params.n_batch = params.n_ubatch = prompt_tokens;
    const Context context(llama_init_from_model(model.get(), params), llama_free);
    if (!context) {
        throw std::runtime_error("cannot make a context for " + path);
    }
    const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    std::vector<float> logits;
    const auto decode = [&](std::vector<llama_token> tokens) {
        if (llama_decode(context.get(), llama_batch_get_one(tokens.data(), (int32_t)tokens.size())) != 0) {
            throw std::runtime_error(std::string("cannot decode, ") + placement.name);
        }
        const float* last = llama_get_logits_ith(context.get(), -1);
        logits.insert(logits.end(), last, last + vocabulary);
    };
    // Any tokens will do, as long as they are the same for all.
    const auto token = [&](int i) { return (llama_token)((i * 7919 + 13) % (vocabulary - 2)); };
    std::vector<llama_token> prompt;
    for (int i = 0; i < prompt_tokens; i++) {
        prompt.push_back(token(i));
    }
    decode(prompt);
    for (int i = 0; i < single_tokens; i++) {
        decode({token(prompt_tokens + i)});
    }
    return logits;
}

double difference(const std::vector<float>& logits, const std::vector<float>& expected) {
    double apart = 0, norm = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        apart += std::pow((double)logits[i] - expected[i], 2);
        norm += std::pow((double)expected[i], 2);
    }
    return std::sqrt(apart / norm);
}

int layers_of(const std::string& path) {
    // Of a model whose vocabulary alone is loaded llama.cpp knows no layers. The weights stay in the mapped file.
    llama_model_params params = llama_model_default_params();
    ggml_backend_dev_t no_devices[] = {nullptr};
    params.devices = no_devices;
    params.use_extra_bufts = false;
    const Model model(llama_model_load_from_file(path.c_str(), params), llama_model_free);
    if (!model) {
        throw std::runtime_error("cannot load " + path);
    }
    const int layers = llama_model_n_layer(model.get());
    if (layers == 0) {
        throw std::runtime_error(path + " has no layers");
    }
    return layers;
}

bool agree(const std::string& path) {
    const std::vector<float> expected = logits_of(path, {"on the CPU", true, 0});
    const int layers = layers_of(path);
    bool agreed = true;
    for (const Placement& placement : {Placement{"all layers on the GPU", false, layers + 1},
                                       Placement{"half of the layers on the GPU", false, layers / 2},
                                       Placement{"weights in the CPU's memory", false, 0}}) {
        const double apart = difference(logits_of(path, placement), expected);
        const bool close = apart <= most_difference; // and not NaN
        std::printf("%s: %.4f from the CPU's logits%s\n", placement.name, apart, close ? "" : ", TOO FAR");
        agreed = agreed && close;
    }
    return agreed;
}

} // namespace

int main(int count, char** arguments) {
    try {
        if (count != 2) {
            throw std::runtime_error("usage: agreement <model>");
        }
        llama_log_set(
            [](ggml_log_level level, const char* text, void*) {
                if (level == GGML_LOG_LEVEL_ERROR) {
                    std::fputs(text, stderr);
                }
            },
            nullptr);
        llama_backend_init();
        if (!llama_supports_gpu_offload()) {
            throw std::runtime_error("there is no GPU to compare with the CPU");
        }
        return agree(arguments[1]) ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "agreement: %s\n", error.what());
        return 1;
    }
}
