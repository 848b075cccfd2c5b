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

int offloaded = 0;

// As CUDA decides it: large batches are worth the copying of weights.
bool offload_large_batches(ggml_backend_dev_t, const ggml_tensor* op) {
    const bool large = op->op == GGML_OP_MUL_MAT_MIXLLM && op->ne[1] >= 32;
    offloaded += large;
    return large;
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

    constexpr int LARGE_BATCH = 48;
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

    second.add();
    options.gpu_layers = N_LAYERS + 1;
    check(logits(file.string(), options) == expected, "layers split over two devices give the CPU's bits");
    check(devices_with_weights({&first, &second}) == 2, "both devices hold weights");

    std::filesystem::remove(file);
    return report_checks();
}
