// Loads a MixLLM file onto devices whose memory the host cannot touch, wholly, in part, over two of them, and with
// weights that stay on the host while large batches are computed on a device. Each must give the CPU's own bits, since
// the devices compute with the same CPU kernels.

#include "check.h"
#include "ggml-backend-impl.h"
#include "logits.h"
#include "random_model.h"
#include "rpc_device.h"
#include "temporary_path.h"

#include <cstdio>
#include <string>
#include <vector>

namespace {

// Devices named in the log as holding weights.
size_t devices_with_weights(const std::vector<const RpcDevice*>& devices) {
    size_t count = 0;
    for (const RpcDevice* device : devices) {
        count += log_text.find("[" + device->endpoint() + "] model buffer size") != std::string::npos;
    }
    return count;
}

constexpr int LARGE_BATCH = 48;
int offloaded = 0;

// As CUDA decides it: large batches are worth the copying of weights.
bool offload_large_batches(ggml_backend_dev_t, const ggml_tensor* op) {
    const bool large = (op->op == GGML_OP_MUL_MAT_MIXLLM && op->ne[1] >= 32) ||
                       (op->op == GGML_OP_MUL_MAT_ID_MIXLLM && op->ne[2] >= 32);
    offloaded += large;
    return large;
}

// Mebibytes of weights in a buffer, by the log.
double weights_in(const std::string& buffer) {
    const size_t at = log_text.find(buffer + " model buffer size");
    return at == std::string::npos ? 0 : std::stod(log_text.substr(log_text.find('=', at) + 1));
}

// Experts on a device, in part, and on the CPU while all else is on the device, as llama.cpp's --n-cpu-moe has it.
void check_experts(const std::string& file, ggml_backend_dev_t device, const std::string& name) {
    Model mixed, plain;
    make_expert_models(mixed, plain);
    write_model(mixed, file);
    for (const int tokens : {1, 11, LARGE_BATCH}) {
        const std::string what = ", " + std::to_string(tokens) + " tokens";
        LoadOptions options;
        options.tokens = tokens;
        options.gpu_layers = 0;
        const std::vector<float> expected = logits(file, options);
        check(!expected.empty(), "a file with experts loads on the CPU" + what);
        const double on_none = weights_in(name);

        options.gpu_layers = N_LAYERS + 1;
        check(logits(file, options) == expected, "experts on a device give the CPU's bits" + what);
        const double on_all = weights_in(name);
        options.gpu_layers = 1;
        check(logits(file, options) == expected, "experts of one layer on a device give the CPU's bits" + what);

        options.gpu_layers = N_LAYERS + 1;
        for (const bool tile : {true, false}) {
            for (const auto& [pattern, share] : {std::pair("\\.ffn_(up|down|gate|gate_up)_(ch|)exps", 0.6),
                                                 std::pair("blk\\.0\\.ffn_(up|down|gate|gate_up)_(ch|)exps", 0.9)}) {
                options.tile = tile;
                options.on_cpu = pattern;
                check(logits(file, options) == expected,
                      std::string("experts on the CPU, the rest on a device, give the CPU's bits: ") + pattern + what);
                const double rest = weights_in(name);
                check(on_none == 0 && rest > 0 && rest < share * on_all, "the device holds the rest alone");
            }
        }
        options.on_cpu = nullptr;
        options.tile = false;
        options.gpu_layers = 0;
        offloaded = 0;
        device->iface.offload_op = offload_large_batches;
        check(logits(file, options) == expected, "experts copied to a device for a batch give the CPU's bits" + what);
        check(offloaded > 0, "a large batch of experts is offered to the device" + what);
        device->iface.offload_op = nullptr;
    }
}

} // namespace

int main() {
    const RpcDevice first, second;
    log_to_text();
    ggml_backend_load_all();

    const std::filesystem::path file = temporary_path("devices.gguf");
    Model mixed, plain;
    make_models(mixed, plain);
    write_model(mixed, file.string());

    const std::vector<float> expected = logits(file.string());
    LoadOptions large;
    large.tokens = LARGE_BATCH;
    const std::vector<float> expected_large = logits(file.string(), large);
    check(!expected.empty() && !expected_large.empty(), "the file loads on the CPU");

    ggml_backend_dev_t device = first.add();
    LoadOptions options;
    check(logits(file.string(), options) == expected, "all layers on one device give the CPU's bits");
    check(devices_with_weights({&first}) == 1, "the device holds weights");
    options.gpu_layers = 1;
    check(logits(file.string(), options) == expected, "one layer on a device gives the CPU's bits");

    LoadOptions mapped = large;
    mapped.gpu_layers = 0;
    mapped.tile = false;
    device->iface.offload_op = offload_large_batches;
    check(logits(file.string(), mapped) == expected_large,
          "weights copied to a device for a batch give the CPU's bits");
    check(offloaded > 0, "a large batch is offered to the device");
    device->iface.offload_op = nullptr;

    check_experts(file.string(), device, "[" + first.endpoint() + "]");
    write_model(mixed, file.string());

    second.add();
    options.gpu_layers = N_LAYERS + 1;
    check(logits(file.string(), options) == expected, "layers split over two devices give the CPU's bits");
    check(devices_with_weights({&first, &second}) == 2, "both devices hold weights");

    std::filesystem::remove(file);
    return report_checks();
}
