#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "calibration/activation_file.h"
#include "engine/engine.h"
#include "gptq/gptq.h"
#include "graph/expert_weights.h"

namespace mixllm {

/**
 * Tokens' worth of the layer's mean Hessian that is added to every expert's own.
 *
 * With the mean of z z^T over the n tokens that an expert is chosen for, H_e, and over what all experts of the layer
 * are chosen for, H, its weights are quantized for (n H_e + 128 H) / (n + 128): an expert that sees many tokens goes by
 * these, one that sees none by what the layer sees on average.
 */
constexpr double mean_hessian_tokens = 128.0;

/// One token that an expert is chosen for.
struct ExpertInput {
    int64_t row;   ///< of the file of inputs
    int64_t token; ///< of all samples
    float factor;  ///< what the expert's output is multiplied with before it is added to the outputs of others
};

/// What experts of a layer compute from the calibration tokens, by experts.
struct ExpertInputs {
    RowFile& x;                                   ///< `[rows][K]`
    std::vector<std::vector<ExpertInput>> chosen; ///< by expert, in the order of the tokens
};

/// What experts make good for.
struct ExpertResiduals {
    /// `[tokens][width]`: what is missing to the float model's inputs (width K), or to the sum that the experts'
    /// outputs go into (width N).
    RowFile& rows;
    bool of_inputs;
    float strength; ///< the share to make good for
};

/// One stack of experts to quantize.
struct ExpertLinear {
    const std::string& name;
    const ExpertRows& source;
    PackedExperts& destination;
    const std::vector<uint8_t>& is_8bit; ///< `[experts][channels]`, nonzero for 8 bits
    size_t channels;                     ///< N
};

struct ExpertSettings {
    ClipSearch clip;
    double damping;
};

/**
 * Quantizes stacks of experts that share their inputs, one expert after another.
 *
 * Each expert has a Hessian of the tokens that it is chosen for, weighted by the square of their factors and shrunk
 * towards the layer's mean (see `mean_hessian_tokens`). Residuals of a sum are updated after each expert, so that the
 * next makes good for what is left, the rounding of those before included.
 *
 * @param residuals null to make good for nothing; those of a sum are changed
 * @return the damping that an expert's Hessian took at most; 0 when none sufficed for one and its rows were plainly
 * rounded
 */
double quantize_experts(Engine& engine, const std::vector<ExpertLinear>& linears, ExpertInputs& inputs,
                        const ExpertResiduals* residuals, const ExpertSettings& settings);

} // namespace mixllm
