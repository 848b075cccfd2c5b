// Loads a MixLLM file onto the device, or two, of ggml's CUDA backend, wholly, in part, and with weights that stay on
// the host while large batches are computed on the device. Each must give the CPU's own bits, but for the order of
// sums.
//   cuda-mixllm-test <library that adds the devices>

#include "check.h"
#include "ggml-backend.h"
#include "logits.h"
#include "random_model.h"
#include "temporary_path.h"

#include <dlfcn.h>

namespace {

// Up to 8 tokens, up to 64 and more have kernels of their own; from 32 on the backend takes weights from the host.
constexpr int BATCHES[] = {1, 11, 33, 64};

// experts: of each layer, 0 where it has none.
void check_model(const std::string& file, int experts, const std::vector<std::vector<float>>& expected,
                 size_t (*executed_kernels)()) {
    const bool two = ggml_backend_dev_by_name("CUDA1") != nullptr;
    LoadOptions options;
    options.attention_on_device = false;
    // All layers, the last one with the output, none.
    for (const int layers : {N_LAYERS + 1, 2, 0}) {
        options.gpu_layers = layers;
        options.tile = layers > 0;
        for (size_t i = 0; i < expected.size(); i++) {
            options.tokens = BATCHES[i];
            const std::string what = std::to_string(experts) + " experts, " + std::to_string(layers) +
                                     " layers on the device, " + std::to_string(BATCHES[i]) + " tokens: ";
            const size_t before = executed_kernels();
            const std::vector<float> got = logits(file, options);
            // The sums of a single token, and of few slots of each expert, are taken in another order.
            const bool in_order = BATCHES[i] > 1 && BATCHES[i] * 2 > 6 * experts;
            check(in_order ? got == expected[i] : relative_error(got, expected[i]) < 1e-4, what + "the CPU's logits");
            check((executed_kernels() > before) == (layers > 0 || BATCHES[i] >= 32), what + "where");
            const bool on_first = log_text.find("CUDA0 model buffer size") != std::string::npos;
            const bool on_second = log_text.find("CUDA1 model buffer size") != std::string::npos;
            check((on_first || on_second) == (layers > 0) && (on_first && on_second) == (two && layers > 0),
                  what + "weights are where they are to be");
        }
    }
}

// On the CPU, before there is a device.
std::vector<std::vector<float>> expected_logits(const std::string& file) {
    LoadOptions options;
    options.attention_on_device = false;
    std::vector<std::vector<float>> expected;
    for (const int tokens : BATCHES) {
        options.tokens = tokens;
        expected.push_back(logits(file, options));
        check(!expected.back().empty(), "the file loads on the CPU");
    }
    return expected;
}

} // namespace

int main(int argc, char** argv) {
    log_to_text();
    ggml_backend_load_all();
    const std::filesystem::path dense_file = temporary_path("cuda.gguf"), expert_file = temporary_path("experts.gguf");
    Model mixed, plain;
    make_models(mixed, plain);
    write_model(mixed, dense_file.string());
    const auto dense = expected_logits(dense_file.string());
    Model mixed_experts, plain_experts;
    make_expert_models(mixed_experts, plain_experts);
    write_model(mixed_experts, expert_file.string());
    const auto experts = expected_logits(expert_file.string());

    void* library = argc == 2 ? dlopen(argv[1], RTLD_LAZY) : nullptr;
    const auto executed_kernels =
        reinterpret_cast<size_t (*)()>(library == nullptr ? nullptr : dlsym(library, "executed_kernels"));
    check(executed_kernels != nullptr, "the library with the device loads");
    if (executed_kernels != nullptr) {
        check_model(dense_file.string(), 0, dense, executed_kernels);
        check_model(expert_file.string(), mixed_experts.experts, experts, executed_kernels);
    }
    std::filesystem::remove(dense_file);
    std::filesystem::remove(expert_file);
    return report_checks();
}
