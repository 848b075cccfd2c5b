#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "gptq/gptq.h"
#include "layers/calibration.h"
#include "layers/layer_shape.h"
#include "weights/source_rows.h"

namespace mixllm {

/// Which rows of each linear get 8 bits: one byte per output channel; empty for a linear that stays as it is.
using LayerRows = std::array<std::vector<uint8_t>, linear_count>;

struct QuantizeLayerOptions {
    GptqOptions gptq;
    double damping;    ///< share of the Hessian's mean diagonal
    float propagation; ///< share of the upstream error that q, k, v, gate and up make good for
    float correction;  ///< share of the residual stream's error that o and down make good for
};

/// The files a layer's quantization reads and writes, all `[samples][length][hidden]` activations.
struct QuantizeLayerFiles {
    std::string input;        ///< the layer's input when all layers before it are quantized
    std::string output;       ///< to write: the quantized layer's output
    std::string float_input;  ///< the layer's input in the float model; empty to leave upstream errors alone
    std::string float_output; ///< to write unless it exists: the float model's output of the layer
    std::string scratch;      ///< prefix of the names of temporary files
};

/// How one linear came to be quantized.
struct LinearOutcome {
    QuantizedLinear linear; ///< its `values` left empty
    double damping; ///< that the Hessian took to factorize; 0 when none sufficed and the rows were plainly rounded
};

/// A layer's quantized linears, indexed by `Linear`; empty where a linear stays as it is.
using QuantizedLayer = std::array<std::optional<LinearOutcome>, linear_count>;

/**
 * Quantizes one decoder layer's linears in the order they run, each on inputs that the already quantized ones give.
 *
 * @throws std::runtime_error when a file or the device fails
 */
QuantizedLayer quantize_layer(Engine& engine, const LayerShape& shape, const LayerSources& sources,
                              const Calibration& calibration, const LayerRows& rows,
                              const QuantizeLayerOptions& options, const QuantizeLayerFiles& files);

} // namespace mixllm
