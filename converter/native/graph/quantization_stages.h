#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "graph/decoder.h"
#include "graph/linears.h"

namespace mixllm {

/// Linears that are quantized together because they share their input, and the run of nodes around them.
struct QuantizationStage {
    std::vector<std::string> linears;
    std::vector<size_t> products; ///< the first product of each, as numbers of the section's nodes

    size_t begin; ///< first node of the stage: what crosses there is what the stage starts from
    size_t end;   ///< first node of the next stage

    /// The node whose float value the stage's weights make good for: a linear's product added to the residual stream,
    /// or the sum of the chosen experts' outputs and perhaps the residual stream. `no_sum` where there is none; then
    /// the weights make good for the errors of their input.
    size_t sum;

    static constexpr size_t no_sum = std::numeric_limits<size_t>::max();
};

/**
 * Plans the quantization of a section: its linears in the order they run, by input.
 *
 * Each stage begins where least crosses between the stages' products, and only what crosses has to be kept. Node
 * numbers hold for every form of the decoder.
 *
 * @param wanted names of the linears to quantize
 * @return at least one stage; a single one without linears for a section that has none to quantize
 */
std::vector<QuantizationStage> plan_stages(const DecoderForm& form, size_t section,
                                           const std::unordered_set<std::string>& wanted);

} // namespace mixllm
