#include "stock_contender.h"

#include "random_values.h"

#include <algorithm>
#include <ggml-alloc.h>
#include <stdexcept>

// Random rows that are quantized once and repeated: quantizing takes longer than all the rest.
static const int64_t different_rows = 256;

static ggml_context_ptr make_context(size_t tensors) {
    return ggml_context_ptr(ggml_init({tensors * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
}

static std::vector<uint8_t> random_weight(ggml_type type, const Shape& shape) {
    const int64_t rows = std::min(different_rows, shape.n);
    const size_t row_bytes = ggml_row_size(type, shape.k);
    std::vector<uint8_t> bytes((size_t)(shape.n * shape.experts) * row_bytes);
    ggml_quantize_chunk(type, random_normal((size_t)(rows * shape.k)).data(), bytes.data(), 0, rows, shape.k, nullptr);
    for (size_t done = (size_t)rows * row_bytes; done < bytes.size();) {
        const size_t more = std::min(done, bytes.size() - done);
        std::copy_n(bytes.begin(), more, bytes.begin() + (long)done);
        done += more;
    }
    return bytes;
}

StockContender::StockContender(ggml_backend_t backend, ggml_type type, const Shape& shape, size_t l2_bytes)
    : backend(backend), type(type), shape(shape) {
    const int copies = weight_copies(weight_bytes(), l2_bytes);
    weight_context = make_context((size_t)copies);
    for (int i = 0; i < copies; i++) {
        weights.push_back(ggml_new_tensor_3d(weight_context.get(), type, shape.k, shape.n, shape.experts));
    }
    weight_buffer.reset(ggml_backend_alloc_ctx_tensors(weight_context.get(), backend));
    if (!weight_buffer) {
        throw std::runtime_error("no memory for the weights of " + name());
    }
    ggml_backend_buffer_set_usage(weight_buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    const std::vector<uint8_t> bytes = random_weight(type, shape);
    for (ggml_tensor* weight : weights) {
        ggml_backend_tensor_set(weight, bytes.data(), 0, bytes.size());
    }
}

std::string StockContender::name() const {
    std::string upper = ggml_type_name(type);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return (char)std::toupper(c); });
    return upper;
}

double StockContender::weight_bytes() const {
    return (double)ggml_row_size(type, shape.k) * (double)(shape.n * shape.experts);
}

void StockContender::prepare(int64_t tokens) {
    graph_context = make_context((size_t)series() + 3);
    ggml_context* context = graph_context.get();
    const bool stacked = shape.experts > 1;
    ggml_tensor* x = stacked ? ggml_new_tensor_3d(context, GGML_TYPE_F32, shape.k, 1, tokens)
                             : ggml_new_tensor_2d(context, GGML_TYPE_F32, shape.k, tokens);
    ggml_tensor* y = ggml_new_tensor_2d(context, GGML_TYPE_F32, shape.n, tokens * shape.slots);
    ggml_tensor* ids = ggml_new_tensor_2d(context, GGML_TYPE_I32, shape.slots, tokens);
    graph_buffer.reset(ggml_backend_alloc_ctx_tensors(context, backend));
    if (!graph_buffer) {
        throw std::runtime_error("no memory for the activations of " + name());
    }
    const std::vector<float> values = random_normal((size_t)(tokens * shape.k));
    ggml_backend_tensor_set(x, values.data(), 0, ggml_nbytes(x));
    const std::vector<int32_t> choice = random_choice(shape, tokens);
    ggml_backend_tensor_set(ids, choice.data(), 0, ggml_nbytes(ids));
    graph = ggml_new_graph(context);
    for (int i = 0; i < series(); i++) {
        ggml_tensor* weight = weights[(size_t)i % weights.size()];
        ggml_tensor* product = stacked ? ggml_mul_mat_id(context, weight, x, ids) : ggml_mul_mat(context, weight, x);
        // All results go to the same place: nobody reads them.
        if (ggml_backend_tensor_alloc(graph_buffer.get(), product, y->data) != GGML_STATUS_SUCCESS) {
            throw std::runtime_error("ggml took no place for a result");
        }
        ggml_build_forward_expand(graph, product);
    }
    // ggml replays a graph from the third time on.
    for (int i = 0; i < 3; i++) {
        launch();
    }
    ggml_backend_synchronize(backend);
}

void StockContender::launch() {
    if (ggml_backend_graph_compute_async(backend, graph) != GGML_STATUS_SUCCESS) {
        throw std::runtime_error("ggml could not compute on " + name());
    }
}
