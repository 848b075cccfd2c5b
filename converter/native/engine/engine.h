#pragma once

#include <ggml-alloc.h>
#include <ggml-backend.h>

#include <cstddef>
#include <memory>

#include "common/native/workers.h"

namespace mixllm {

/**
 * The device that graphs run on: the first GPU of ggml's build, else the CPU.
 *
 * @throws std::runtime_error when ggml offers not even a CPU
 */
ggml_backend_dev_t graph_device();

/// The device that graphs run on (see `graph_device`), a CPU with a fixed number of threads. A job's cancellation ends
/// a graph that runs on the CPU.
class Engine {
public:
    /// Where graphs run.
    enum class Where {
        any, ///< see `graph_device`
        cpu, ///< on the CPU: for graphs with nodes that only run there
    };

    /**
     * @param workers CPU threads for graphs and for the host's own loops
     * @throws std::runtime_error when the device cannot be opened
     */
    explicit Engine(const Workers& workers, Where where = Where::any);

    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    ggml_backend_t backend() const { return backend_.get(); }
    ggml_gallocr_t allocator() const { return allocator_.get(); }
    const Workers& workers() const { return workers_; }

    /// Whether a cancellation ends a running graph between two nodes.
    bool can_abort() const { return can_abort_; }

private:
    struct FreeBackend {
        void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
    };
    struct FreeAllocator {
        void operator()(ggml_gallocr_t allocator) const { ggml_gallocr_free(allocator); }
    };

    Workers workers_;
    bool can_abort_;
    std::unique_ptr<ggml_backend, FreeBackend> backend_;
    std::unique_ptr<ggml_gallocr, FreeAllocator> allocator_;
};

} // namespace mixllm
