#include "graph/model_graph.h"

#include <stdexcept>

namespace mixllm {

ModelGraph::ModelGraph(int64_t tokens_per_sequence, int64_t sequence_count, size_t most_tensors)
    : length_(tokens_per_sequence), sequences_(sequence_count) {
    ggml_init_params params{};
    params.mem_size = ggml_tensor_overhead() * most_tensors;
    params.no_alloc = true;
    context_.reset(ggml_init(params));
    if (!context_) {
        throw std::runtime_error("not enough memory for the model's graph");
    }
}

ggml_tensor* ModelGraph::add_zeros(const int64_t shape[GGML_MAX_DIMS]) {
    ggml_tensor* zeros = ggml_new_tensor(context_.get(), GGML_TYPE_F32, GGML_MAX_DIMS, shape);
    leaves.emplace(zeros, Leaf::zero);
    return zeros;
}

std::string describe_shape(const ggml_tensor* tensor) {
    std::string text = "[";
    for (int dimension = 0; dimension < ggml_n_dims(tensor); dimension++) {
        text += (dimension == 0 ? "" : ", ") + std::to_string(tensor->ne[dimension]);
    }
    return text + "]";
}

} // namespace mixllm
