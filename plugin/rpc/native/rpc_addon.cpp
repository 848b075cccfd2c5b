// ggml's RPC backend for Node: both ends of computing on other machines. Its TypeScript half checks the arguments.

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <napi.h>

#include "ggml-backend.h"
#include "ggml-rpc.h"

namespace mixllm {

namespace {

/// A device of a server, as it says itself.
struct Device {
    std::string name;
    size_t free_bytes;
    size_t total_bytes;
};

/// Work that blocks, off the thread of JavaScript; resolves with the devices that it gives.
class Work : public Napi::AsyncWorker {
public:
    Work(Napi::Env env, std::function<std::vector<Device>()> work)
        : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)) {}

    Napi::Promise promise() const { return deferred_.Promise(); }

    void Execute() override {
        try {
            devices_ = work_();
        } catch (const std::exception& error) {
            SetError(error.what());
        }
    }

    void OnOK() override {
        Napi::Array devices = Napi::Array::New(Env());
        for (const Device& device : devices_) {
            Napi::Object entry = Napi::Object::New(Env());
            entry["name"] = device.name;
            entry["freeBytes"] = static_cast<double>(device.free_bytes);
            entry["totalBytes"] = static_cast<double>(device.total_bytes);
            devices[devices.Length()] = entry;
        }
        deferred_.Resolve(devices);
    }

    void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

private:
    Napi::Promise::Deferred deferred_;
    std::function<std::vector<Device>()> work_;
    std::vector<Device> devices_;
};

Device describe(ggml_backend_dev_t device) {
    Device found{ggml_backend_dev_name(device), 0, 0};
    ggml_backend_dev_memory(device, &found.free_bytes, &found.total_bytes);
    return found;
}

/// The RPC backend, from its library unless it is linked in.
ggml_backend_reg_t rpc_backend(const std::string& library) {
    ggml_backend_reg_t backend = ggml_backend_reg_by_name("RPC");
    if (backend == nullptr) {
        backend = ggml_backend_load(library.c_str());
    }
    if (backend == nullptr) {
        throw std::runtime_error("cannot load " + library);
    }
    return backend;
}

template <typename Function>
Function rpc_function(const std::string& library, const char* name) {
    return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(rpc_backend(library), name));
}

/// Makes a server's devices devices of this process.
std::vector<Device> add_server(const std::string& library, const std::string& endpoint) {
    const auto add = rpc_function<decltype(&ggml_backend_rpc_add_server)>(library, "ggml_backend_rpc_add_server");
    ggml_backend_reg_t server = add(endpoint.c_str());
    if (server == nullptr) {
        throw std::runtime_error("the RPC server at " + endpoint + " has no device");
    }
    ggml_backend_register(server);
    std::vector<Device> devices;
    for (size_t i = 0; i < ggml_backend_reg_dev_count(server); i++) {
        devices.push_back(describe(ggml_backend_reg_dev_get(server, i)));
    }
    return devices;
}

/// What a server offers: the GPUs, or where there are none the CPU.
std::vector<ggml_backend_dev_t> own_devices() {
    std::vector<ggml_backend_dev_t> devices;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        if (ggml_backend_dev_type(ggml_backend_dev_get(i)) == GGML_BACKEND_DEVICE_TYPE_GPU) {
            devices.push_back(ggml_backend_dev_get(i));
        }
    }
    if (devices.empty()) {
        devices.push_back(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU));
    }
    return devices;
}

/// addServer(library, endpoint): the server's devices, once it has answered; rejects with why it cannot be used.
Napi::Value add_server_binding(const Napi::CallbackInfo& info) {
    const std::string library = info[0].As<Napi::String>();
    const std::string endpoint = info[1].As<Napi::String>();
    auto* work = new Work(info.Env(), [library, endpoint] { return add_server(library, endpoint); });
    work->Queue();
    return work->promise();
}

/// devices(directory): what a server on this machine offers. `directory` is where backends lie that are not linked in.
Napi::Value devices_binding(const Napi::CallbackInfo& info) {
    const std::string directory = info[0].As<Napi::String>();
    auto* work = new Work(info.Env(), [directory] {
        if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
            ggml_backend_load_all_from_path(directory.c_str());
        }
        std::vector<Device> devices;
        for (ggml_backend_dev_t device : own_devices()) {
            devices.push_back(describe(device));
        }
        return devices;
    });
    work->Queue();
    return work->promise();
}

/// serve(library, endpoint, threads, cacheDirectory): serves one client after the other; ends when it cannot listen. An
/// empty cache directory keeps no weights. `devices` has been called.
Napi::Value serve_binding(const Napi::CallbackInfo& info) {
    const std::string library = info[0].As<Napi::String>();
    const std::string endpoint = info[1].As<Napi::String>();
    const size_t threads = info[2].As<Napi::Number>().Uint32Value();
    const std::string cache = info[3].As<Napi::String>();
    auto* work = new Work(info.Env(), [=] {
        const auto start =
            rpc_function<decltype(&ggml_backend_rpc_start_server)>(library, "ggml_backend_rpc_start_server");
        std::vector<ggml_backend_dev_t> devices = own_devices();
        start(endpoint.c_str(), cache.empty() ? nullptr : cache.c_str(), threads, devices.size(), devices.data());
        return std::vector<Device>{};
    });
    work->Queue();
    return work->promise();
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    exports["addServer"] = Napi::Function::New(env, add_server_binding, "addServer");
    exports["devices"] = Napi::Function::New(env, devices_binding, "devices");
    exports["serve"] = Napi::Function::New(env, serve_binding, "serve");
    return exports;
}

} // namespace

} // namespace mixllm

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
    return mixllm::initialize(env, exports);
}

NODE_API_MODULE(mixllm_rpc, initialize)
