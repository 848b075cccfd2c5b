// Loads a MixLLM file onto devices whose memory the host cannot touch, wholly, in part, over two of them, and with
// weights that stay on the host while large batches are computed on a device. Each must give the CPU's own bits: the
// devices are RPC servers, which compute with the same CPU kernels in processes of their own.

#include "ggml-backend-impl.h"
#include "ggml-backend.h"
#include "ggml-rpc.h"
#include "logits.h"
#include "random_model.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

sockaddr_in local_address(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int free_port() {
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = local_address(0);
    socklen_t size = sizeof address;
    if (bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        perror("cannot find a free port");
        exit(1);
    }
    close(probe);
    return ntohs(address.sin_port);
}

// A process that serves its CPU as a device, until this one ends.
class Server {
public:
    Server() : port_(free_port()), process_(fork()) {
        if (process_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (freopen("/dev/null", "w", stdout) == nullptr)
                _exit(1);
            ggml_backend_load_all();
            ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
            ggml_backend_rpc_start_server(endpoint().c_str(), nullptr, 2, 1, &cpu);
            _exit(1);
        }
    }
    ~Server() {
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

    void wait_until_it_listens() const {
        const sockaddr_in address = local_address(port_);
        for (int attempt = 0; attempt < 1000; attempt++) {
            const int connection = socket(AF_INET, SOCK_STREAM, 0);
            const bool listens = connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
            close(connection);
            if (listens)
                return;
            usleep(10'000);
        }
        fprintf(stderr, "the RPC server at %s does not start\n", endpoint().c_str());
        exit(1);
    }

private:
    const int port_;
    const pid_t process_;
};

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok)
        fprintf(stderr, "FAILED: %s\n%s\n", what.c_str(), log_text.c_str());
}

// Devices named in the log as holding weights.
size_t devices_with_weights(const std::vector<Server*>& servers) {
    size_t count = 0;
    for (const Server* server : servers)
        count += log_text.find("[" + server->endpoint() + "] model buffer size") != std::string::npos;
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
    // Before anything starts threads, which a forked process would lack.
    Server first, second;
    for (const Server* server : {&first, &second}) {
        server->wait_until_it_listens();
    }
    log_to_text();
    ggml_backend_load_all();

    const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                       ("mixllm-devices-test-" + std::to_string(std::random_device{}()) + ".gguf");
    Model mixed, plain;
    make_models(mixed, plain);
    write_model(mixed, file.string());

    constexpr int LARGE_BATCH = 48;
    const std::vector<float> expected = logits(file.string());
    LoadOptions large;
    large.tokens = LARGE_BATCH;
    const std::vector<float> expected_large = logits(file.string(), large);
    check(!expected.empty() && !expected_large.empty(), "the file loads on the CPU");

    ggml_backend_reg_t one = ggml_backend_rpc_add_server(first.endpoint().c_str());
    ggml_backend_register(one);
    LoadOptions options;
    check(logits(file.string(), options) == expected, "all layers on one device give the CPU's bits");
    check(devices_with_weights({&first}) == 1, "the device holds weights");
    options.gpu_layers = 1;
    check(logits(file.string(), options) == expected, "one layer on a device gives the CPU's bits");

    LoadOptions mapped = large;
    mapped.gpu_layers = 0;
    mapped.repack = false;
    ggml_backend_dev_t device = ggml_backend_reg_dev_get(one, 0);
    device->iface.offload_op = offload_large_batches;
    check(logits(file.string(), mapped) == expected_large,
          "weights copied to a device for a batch give the CPU's bits");
    check(offloaded > 0, "a large batch is offered to the device");
    device->iface.offload_op = nullptr;

    ggml_backend_register(ggml_backend_rpc_add_server(second.endpoint().c_str()));
    options.gpu_layers = N_LAYERS + 1;
    check(logits(file.string(), options) == expected, "layers split over two devices give the CPU's bits");
    check(devices_with_weights({&first, &second}) == 2, "both devices hold weights");

    std::filesystem::remove(file);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
