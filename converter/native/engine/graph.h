#pragma once

#include <ggml.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.h"

namespace mixllm {

/// One ggml graph from building to reading its results; intermediate tensors share the engine's memory.
class Graph {
public:
    /// @param most_nodes room for nodes and inputs
    explicit Graph(Engine& engine, size_t most_nodes = 512);

    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    ggml_context* context() const { return context_.get(); }

    /// A float tensor filled from `host` when the graph runs; `host` must outlive `compute`.
    ggml_tensor* input(const float* host, int64_t ne0, int64_t ne1 = 1, int64_t ne2 = 1, int64_t ne3 = 1);

    /// A vector of 32-bit integers filled from `host` when the graph runs.
    ggml_tensor* input(const int32_t* host, int64_t count);

    /// A tensor like `like`, filled from `host` when the graph runs.
    ggml_tensor* input(const ggml_tensor* like, const void* host);

    /// Copies `tensor` (contiguous floats) to `host` after the graph has run.
    void output(ggml_tensor* tensor, float* host);

    /**
     * Allocates, uploads, runs and downloads.
     *
     * @throws std::runtime_error when memory runs out, the device lacks an operation or the run fails
     * @throws CanceledError
     */
    void compute();

    /// The bytes `compute` would need for intermediate tensors; allocates nothing.
    size_t measure();

private:
    struct FreeContext {
        void operator()(ggml_context* context) const { ggml_free(context); }
    };
    struct Input {
        ggml_tensor* tensor;
        const void* host;
    };
    struct Output {
        ggml_tensor* tensor;
        float* host;
    };

    Engine& engine_;
    std::unique_ptr<ggml_context, FreeContext> context_;
    ggml_cgraph* graph_;
    std::vector<Input> inputs_;
    std::vector<Output> outputs_;
};

/// `ggml_mul_mat` that accumulates in float whatever the device prefers.
inline ggml_tensor* multiply(ggml_context* context, ggml_tensor* a, ggml_tensor* b) {
    ggml_tensor* product = ggml_mul_mat(context, a, b);
    ggml_prec_set_acc(product, GGML_PREC_F32);
    return product;
}

} // namespace mixllm
