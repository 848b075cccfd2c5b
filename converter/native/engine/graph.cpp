#include "engine/graph.h"

#include <stdexcept>
#include <string>

#include "engine/cut_products.h"

namespace mixllm {

namespace {

constexpr double operations_per_thread = 2e9; // that a cancellation may wait for: 20 to 100 ms of a core

} // namespace

Graph::Graph(Engine& engine, size_t most_nodes) : engine_(engine) {
    ggml_init_params params{};
    params.mem_size = ggml_tensor_overhead() * 2 * most_nodes + ggml_graph_overhead_custom(most_nodes, false);
    params.no_alloc = true;
    context_.reset(ggml_init(params));
    if (!context_) {
        throw std::runtime_error("not enough memory for a ggml context");
    }
    graph_ = ggml_new_graph_custom(context_.get(), most_nodes, false);
}

ggml_tensor* Graph::input(const float* host, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3) {
    ggml_tensor* tensor = ggml_new_tensor_4d(context_.get(), GGML_TYPE_F32, ne0, ne1, ne2, ne3);
    ggml_set_input(tensor);
    inputs_.push_back({tensor, host});
    return tensor;
}

ggml_tensor* Graph::input(const int32_t* host, int64_t count) {
    ggml_tensor* tensor = ggml_new_tensor_1d(context_.get(), GGML_TYPE_I32, count);
    ggml_set_input(tensor);
    inputs_.push_back({tensor, host});
    return tensor;
}

ggml_tensor* Graph::input(const ggml_tensor* like, const void* host) {
    ggml_tensor* tensor = ggml_dup_tensor(context_.get(), like);
    ggml_set_input(tensor);
    inputs_.push_back({tensor, host});
    return tensor;
}

void Graph::output(ggml_tensor* tensor, float* host) {
    if (!ggml_is_contiguous(tensor)) {
        tensor = ggml_cont(context_.get(), tensor);
    }
    ggml_set_output(tensor);
    ggml_build_forward_expand(graph_, tensor);
    outputs_.push_back({tensor, host});
}

size_t Graph::measure() {
    size_t bytes = 0;
    ggml_gallocr_t allocator = ggml_gallocr_new(ggml_backend_get_default_buffer_type(engine_.backend()));
    ggml_gallocr_reserve_n_size(allocator, graph_, nullptr, nullptr, &bytes);
    ggml_gallocr_free(allocator);
    return bytes;
}

void Graph::compute() {
    for (int i = 0; i < ggml_graph_n_nodes(graph_); i++) {
        ggml_tensor* node = ggml_graph_node(graph_, i);
        if (!ggml_backend_supports_op(engine_.backend(), node)) {
            throw std::runtime_error(std::string("the device ") + ggml_backend_name(engine_.backend()) +
                                     " does not support the operation " + ggml_op_desc(node) + "; use the CPU");
        }
    }
    // Reserved for this graph: left to itself the allocator keeps the plan of a graph of as many tensors that were no
    // smaller, which may have run in place where this one cannot.
    if (!ggml_gallocr_reserve(engine_.allocator(), graph_) || !ggml_gallocr_alloc_graph(engine_.allocator(), graph_)) {
        throw std::runtime_error("not enough memory for one batch of activations");
    }
    for (const Input& input : inputs_) {
        if (input.tensor->buffer != nullptr) { // an input that no output depends on gets no memory
            ggml_backend_tensor_set(input.tensor, input.host, 0, ggml_nbytes(input.tensor));
        }
    }
    engine_.workers().throw_if_canceled();
    const CutGraph cut = engine_.can_abort() ? cut_products(graph_, operations_per_thread * engine_.workers().threads())
                                             : CutGraph{nullptr, graph_};
    // Outputs may be inputs passed on; not every backend takes a graph without a node.
    const ggml_status status = ggml_graph_n_nodes(cut.graph) > 0
                                   ? ggml_backend_graph_compute(engine_.backend(), cut.graph)
                                   : GGML_STATUS_SUCCESS;
    engine_.workers().throw_if_canceled();
    if (status != GGML_STATUS_SUCCESS) {
        throw std::runtime_error(std::string("ggml could not run a graph: ") + ggml_status_to_string(status));
    }
    for (const Output& output : outputs_) {
        ggml_backend_tensor_get(output.tensor, output.host, 0, ggml_nbytes(output.tensor));
    }
}

} // namespace mixllm
