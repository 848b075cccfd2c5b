#pragma once

#include <ggml-alloc.h>
#include <ggml-backend.h>

#include <cstddef>
#include <memory>

namespace mixllm {

/// The device that graphs run on (see `graph_device.h`), a CPU with a fixed number of threads.
class Engine {
public:
    /**
     * @param threads CPU threads for graphs and for the host's own loops, at least 1
     * @throws std::runtime_error when the device cannot be opened
     */
    explicit Engine(int threads);

    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    ggml_backend_t backend() const { return backend_.get(); }
    ggml_gallocr_t allocator() const { return allocator_.get(); }
    int threads() const { return threads_; }

private:
    struct FreeBackend {
        void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
    };
    struct FreeAllocator {
        void operator()(ggml_gallocr_t allocator) const { ggml_gallocr_free(allocator); }
    };

    int threads_;
    std::unique_ptr<ggml_backend, FreeBackend> backend_;
    std::unique_ptr<ggml_gallocr, FreeAllocator> allocator_;
};

} // namespace mixllm
