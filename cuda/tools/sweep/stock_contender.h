#pragma once

#include "contender.h"

#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml.h>
#include <vector>

// llama.cpp's own kernels on one of its types: a graph of ggml_mul_mat or ggml_mul_mat_id on its CUDA backend, which
// quantizes x for each and replays the whole as a CUDA graph.
class StockContender : public Contender {
public:
    StockContender(ggml_backend_t backend, ggml_type type, const Shape& shape, size_t l2_bytes);

    std::string name() const override;
    double weight_bytes() const override;
    void prepare(int64_t tokens) override;
    int series() const override { return series_of((int)weights.size()); }
    void launch() override;

private:
    ggml_backend_t backend;
    ggml_type type;
    Shape shape;
    ggml_context_ptr weight_context, graph_context;
    ggml_backend_buffer_ptr weight_buffer, graph_buffer;
    std::vector<ggml_tensor*> weights;
    ggml_cgraph* graph = nullptr;
};
