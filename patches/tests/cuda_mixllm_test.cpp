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

int main(int argc, char** argv) {
    log_to_text();
    ggml_backend_load_all();
    const std::filesystem::path file = temporary_path("cuda.gguf");
    Model mixed, plain;
    make_models(mixed, plain);
    write_model(mixed, file.string());

    // Up to 8 tokens, up to 64 and more have kernels of their own; from 32 on the backend takes weights from the host.
    const int batches[] = {1, 11, 33, 64};
    LoadOptions options;
    options.attention_on_device = false;
    std::vector<std::vector<float>> expected;
    for (const int tokens : batches) {
        options.tokens = tokens;
        expected.push_back(logits(file.string(), options));
        check(!expected.back().empty(), "the file loads on the CPU");
    }

    void* library = argc == 2 ? dlopen(argv[1], RTLD_LAZY) : nullptr;
    const auto executed_kernels =
        reinterpret_cast<size_t (*)()>(library == nullptr ? nullptr : dlsym(library, "executed_kernels"));
    check(executed_kernels != nullptr, "the library with the device loads");
    if (executed_kernels == nullptr) {
        return report_checks();
    }
    const bool two = ggml_backend_dev_by_name("CUDA1") != nullptr;
    // All layers, the last one with the output, none.
    for (const int layers : {N_LAYERS + 1, 2, 0}) {
        options.gpu_layers = layers;
        options.tile = layers > 0;
        for (size_t i = 0; i < expected.size(); i++) {
            options.tokens = batches[i];
            const size_t before = executed_kernels();
            const std::vector<float> got = logits(file.string(), options);
            // A single token's sums are taken in another order.
            const bool same = batches[i] > 1 ? got == expected[i] : relative_error(got, expected[i]) < 1e-4;
            check(same, std::to_string(layers) + " layers on the device, " + std::to_string(batches[i]) +
                            " tokens: the CPU's logits");
            check((executed_kernels() > before) == (layers > 0 || batches[i] >= 32),
                  std::to_string(layers) + " layers on the device, " + std::to_string(batches[i]) + " tokens: where");
            const bool on_first = log_text.find("CUDA0 model buffer size") != std::string::npos;
            const bool on_second = log_text.find("CUDA1 model buffer size") != std::string::npos;
            check((on_first || on_second) == (layers > 0) && (on_first && on_second) == (two && layers > 0),
                  std::to_string(layers) + " layers: weights are where they are to be");
        }
    }
    std::filesystem::remove(file);
    return report_checks();
}
