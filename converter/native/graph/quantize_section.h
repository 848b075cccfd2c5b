#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "calibration/calibration.h"
#include "engine/engine.h"
#include "gptq/gptq.h"
#include "graph/decoder.h"
#include "graph/expert_weights.h"
#include "graph/section_weights.h"
#include "graph/value_files.h"

namespace mixllm {

struct QuantizationOptions {
    ClipSearch clip;
    double damping;    ///< share of the Hessian's mean diagonal
    float propagation; ///< share of their input's errors that linears make good for
    float correction;  ///< share of the residual stream's error that linears which add to it make good for

    /// The settings every conversion uses; `gptq/NOTES.md` has the measurements behind them.
    static QuantizationOptions standard();
};

/// The files a section's quantization reads and writes.
struct QuantizationFiles {
    ValuePaths inputs;        ///< what the section reads when all sections before it are quantized
    ValuePaths outputs;       ///< to write: the same of the sections behind it
    ValuePaths float_inputs;  ///< what the section reads in the float model
    ValuePaths float_outputs; ///< to write unless they exist: what it makes in the float model
    std::string scratch;      ///< prefix of the names of temporary files
};

/// A linear to quantize.
struct QuantizationRequest {
    std::vector<uint8_t> is_8bit;      ///< one byte per output channel, those of all experts, nonzero for 8 bits
    std::vector<PackedWeight> experts; ///< where each expert goes; empty for a matrix
    std::vector<uint16_t> moment;      ///< of its `OutputMoment`; empty where rows are quantized by themselves
};

/// How one linear came to be quantized.
struct QuantizationOutcome {
    std::optional<QuantizedLinear> linear; ///< its `values` left empty; of experts none: they are packed already
    double damping; ///< that the Hessian took to factorize; 0 when none sufficed and the rows were plainly rounded
    std::vector<int64_t> tokens; ///< calibration tokens that each expert was chosen for; empty for a matrix
};

/**
 * Quantizes a section's linears in the order they run, each on inputs that the already quantized ones give, and passes
 * every sample through the section so quantized, its linears' inputs in 8 bits.
 *
 * An expert is calibrated on the tokens that the router of the model so far quantized chooses it for.
 *
 * @throws std::runtime_error when a weight is missing, or a file or the device fails
 */
std::unordered_map<std::string, QuantizationOutcome>
quantize_section(Engine& engine, Decoder& decoder, size_t section, const WeightSources& sources,
                 const Calibration& calibration, const std::unordered_map<std::string, QuantizationRequest>& requests,
                 const QuantizationOptions& options, const QuantizationFiles& files);

} // namespace mixllm
