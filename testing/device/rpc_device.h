#pragma once

#include "ggml-backend.h"

#include <string>
#include <sys/types.h>

// A device as ggml sees a GPU, with memory that this process cannot touch: the CPU backend in a process of its own,
// behind ggml's RPC backend. It ends with this object or with this process.
class RpcDevice {
public:
    // Forks: to be made before this process starts threads. Ends the program when the device does not start.
    RpcDevice();
    ~RpcDevice();
    RpcDevice(const RpcDevice&) = delete;
    RpcDevice& operator=(const RpcDevice&) = delete;

    std::string endpoint() const;

    // Makes it one of ggml's devices in this process.
    ggml_backend_dev_t add() const;

private:
    const int port_;
    const pid_t process_;
};
