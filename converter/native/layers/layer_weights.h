#pragma once

#include <ggml-backend.h>
#include <ggml.h>

#include <memory>

#include "engine/engine.h"
#include "layers/layer_shape.h"
#include "weights/source_rows.h"

namespace mixllm {

/// One decoder layer's weights as float tensors on the engine's device.
class LayerWeights {
public:
    /// What the layer is loaded for: the backward pass needs every linear's transpose and rounding error too.
    enum class Purpose { forward, backward };

    /**
     * Uploads the layer.
     *
     * @throws std::runtime_error when a weight is missing, has another shape than `shape` says or does not fit
     */
    LayerWeights(Engine& engine, const LayerShape& shape, const LayerSources& sources, Purpose purpose);

    LayerWeights(const LayerWeights&) = delete;
    LayerWeights& operator=(const LayerWeights&) = delete;

    ggml_tensor* linear[linear_count];     ///< `[inputs, outputs]` (ggml order: fastest first)
    ggml_tensor* bias[linear_count];       ///< null where the layer has none
    ggml_tensor* transposed[linear_count]; ///< `[outputs, inputs]`, backward only
    ggml_tensor* rounding[linear_count];   ///< round-to-nearest 4-bit error q4(W) - W, backward only
    ggml_tensor* attention_norm;
    ggml_tensor* mlp_norm;
    ggml_tensor* q_norm;       ///< null where the layer has none
    ggml_tensor* k_norm;       ///< null where the layer has none
    ggml_tensor* rope_factors; ///< null where the layer has none

    /// Replaces a linear's weights, row-major `[outputs][inputs]` floats.
    void replace(Linear which, const float* values);

private:
    struct FreeContext {
        void operator()(ggml_context* context) const { ggml_free(context); }
    };
    struct FreeBuffer {
        void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
    };

    std::unique_ptr<ggml_context, FreeContext> context_;
    std::unique_ptr<ggml_backend_buffer, FreeBuffer> buffer_;
};

} // namespace mixllm
