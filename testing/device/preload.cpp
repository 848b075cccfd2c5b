// Loaded before a program (LD_PRELOAD), gives it an RpcDevice as its only GPU.

#include "rpc_device.h"

#include <cstdlib>

__attribute__((constructor)) static void add_device() {
    unsetenv("LD_PRELOAD"); // not for the programs that this one starts
    static const RpcDevice device;
    ggml_backend_load_all();
    device.add();
}
