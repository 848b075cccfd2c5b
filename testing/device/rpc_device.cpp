#include "rpc_device.h"

#include "ggml-rpc.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr int THREADS = 2;

static sockaddr_in local_address(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int free_port() {
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

static void wait_until_it_listens(int port) {
    const sockaddr_in address = local_address(port);
    for (int attempt = 0; attempt < 3000; attempt++) {
        const int connection = socket(AF_INET, SOCK_STREAM, 0);
        const bool listens = connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        close(connection);
        if (listens) {
            return;
        }
        usleep(10'000);
    }
    fprintf(stderr, "the RPC server at port %d does not start\n", port);
    exit(1);
}

RpcDevice::RpcDevice() : port_(free_port()), process_(fork()) {
    if (process_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (freopen("/dev/null", "w", stdout) == nullptr) {
            _exit(1);
        }
        ggml_backend_load_all();
        ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
        ggml_backend_rpc_start_server(endpoint().c_str(), nullptr, THREADS, 1, &cpu);
        _exit(1);
    }
    wait_until_it_listens(port_);
}

RpcDevice::~RpcDevice() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

std::string RpcDevice::endpoint() const {
    return "127.0.0.1:" + std::to_string(port_);
}

ggml_backend_dev_t RpcDevice::add() const {
    ggml_backend_reg_t registry = ggml_backend_rpc_add_server(endpoint().c_str());
    ggml_backend_register(registry);
    return ggml_backend_reg_dev_get(registry, 0);
}
