#include "layers/layer_weights.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "calibration/transpose.h"
#include "quantize/rounding.h"
#include "weights/source_rows.h"

namespace mixllm {

namespace {

constexpr const char* linear_names[linear_count] = {"q", "k", "v", "o", "gate", "up", "down"};

void check(const SourceRows& source, int64_t columns, int64_t rows, const std::string& what) {
    if (source.columns != static_cast<size_t>(columns) || source.rows != static_cast<size_t>(rows)) {
        throw std::runtime_error("the layer's " + what + " is " + std::to_string(source.rows) + " x " +
                                 std::to_string(source.columns) + "; its configuration says " + std::to_string(rows) +
                                 " x " + std::to_string(columns));
    }
}

} // namespace

LayerWeights::LayerWeights(Engine& engine, const LayerShape& shape, const LayerSources& sources, Purpose purpose) {
    const bool backward = purpose == Purpose::backward;
    ggml_init_params params{};
    params.mem_size = ggml_tensor_overhead() * 64;
    params.no_alloc = true;
    context_.reset(ggml_init(params));
    if (!context_) {
        throw std::runtime_error("not enough memory for a ggml context");
    }
    ggml_context* context = context_.get();

    const auto vector = [&](const SourceRows& source, int64_t length, const char* what, bool required) {
        if (source.data == nullptr && !required) {
            return static_cast<ggml_tensor*>(nullptr);
        }
        check(source, length, 1, what);
        return ggml_new_tensor_1d(context, GGML_TYPE_F32, length);
    };
    for (size_t i = 0; i < linear_count; i++) {
        const int64_t inputs = shape.inputs(all_linears[i]);
        const int64_t outputs = shape.outputs(all_linears[i]);
        check(sources.linear[i], inputs, outputs, std::string(linear_names[i]) + " weight");
        linear[i] = ggml_new_tensor_2d(context, GGML_TYPE_F32, inputs, outputs);
        bias[i] = vector(sources.bias[i], outputs, "bias", false);
        transposed[i] = backward ? ggml_new_tensor_2d(context, GGML_TYPE_F32, outputs, inputs) : nullptr;
        rounding[i] = backward ? ggml_new_tensor_2d(context, GGML_TYPE_F32, inputs, outputs) : nullptr;
    }
    attention_norm = vector(sources.attention_norm, shape.hidden, "attention norm", true);
    mlp_norm = vector(sources.mlp_norm, shape.hidden, "MLP norm", true);
    q_norm = vector(sources.q_norm, shape.head_dim, "q norm", false);
    k_norm = vector(sources.k_norm, shape.head_dim, "k norm", false);
    rope_factors = vector(sources.rope_factors, shape.head_dim / 2, "rope factors", false);

    buffer_.reset(ggml_backend_alloc_ctx_tensors(context, engine.backend()));
    if (!buffer_) {
        throw std::runtime_error("not enough memory for one decoder layer");
    }

    const Workers& workers = engine.workers();
    std::vector<float> values;
    std::vector<float> derived;
    const auto upload = [&](ggml_tensor* tensor, const SourceRows& source) {
        if (tensor != nullptr) {
            values.resize(source.count());
            source.load(values.data(), workers);
            ggml_backend_tensor_set(tensor, values.data(), 0, ggml_nbytes(tensor));
        }
    };
    for (size_t i = 0; i < linear_count; i++) {
        upload(bias[i], sources.bias[i]);
        upload(linear[i], sources.linear[i]);
        if (backward) {
            const size_t rows = sources.linear[i].rows;
            const size_t columns = sources.linear[i].columns;
            derived.resize(values.size());
            transpose(values.data(), rows, columns, derived.data(), workers);
            ggml_backend_tensor_set(transposed[i], derived.data(), 0, ggml_nbytes(transposed[i]));
            rounding_error(values.data(), rows, columns, derived.data(), workers);
            ggml_backend_tensor_set(rounding[i], derived.data(), 0, ggml_nbytes(rounding[i]));
        }
    }
    upload(attention_norm, sources.attention_norm);
    upload(mlp_norm, sources.mlp_norm);
    upload(q_norm, sources.q_norm);
    upload(k_norm, sources.k_norm);
    upload(rope_factors, sources.rope_factors);
}

void LayerWeights::replace(Linear which, const float* values) {
    ggml_tensor* tensor = linear[static_cast<size_t>(which)];
    ggml_backend_tensor_set(tensor, values, 0, ggml_nbytes(tensor));
}

} // namespace mixllm
