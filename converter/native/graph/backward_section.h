#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "calibration/calibration.h"
#include "differentiate/differentiate.h"
#include "engine/engine.h"
#include "graph/decoder.h"
#include "graph/section_weights.h"
#include "graph/value_files.h"

namespace mixllm {

/// What is looked for: which channels are worth 8 bits, and how they make good for each other's errors, or the latter
/// alone.
enum class Sought { salience, moments };

/// What quantizing each output channel of a linear to 4 bits is estimated to cost, by two measures; of experts the
/// channels of one after those of the other, from the tokens that the expert is chosen for. Empty where not sought.
struct ChannelSalience {
    /// S_c = mean over samples of |m + m^2 / 2|, m = sum over tokens of gradient times output error (the paper's), of
    /// the model's own weights, whether or not they are equalized.
    std::vector<float> taylor;
    /// T_c = mean over samples of the sum over tokens of (gradient times output error)^2, of the weights as equalized.
    std::vector<float> fisher;
    /// Of such squares, the share that GPTQ's error feedback will leave; see `FeedbackShare`.
    float feedback = 1.0f;
    /// The values of the linear's `OutputMoment`, of about 4096 tokens, or where only that is sought all there are; of
    /// experts none.
    std::vector<uint16_t> moment;
};

/// Where the loss gradient at crossing values is read and written.
struct GradientFiles {
    ValuePaths outputs; ///< at the section's outputs, complete
    ValuePaths later;   ///< at inputs of the section that later sections read too: what those contributed
    ValuePaths inputs;  ///< to write: at the section's inputs, `later` included
};

/**
 * Takes every sample's loss gradient back through one section and measures its linears' channels.
 *
 * The forward pass is repeated from the section's inputs, so nothing but these is kept between the passes.
 *
 * @param linears names of the weights to measure
 * @param inputs files of the values it reads
 * @throws std::runtime_error when an op has no rule (see `measure_section`), or a file or the device fails
 */
std::unordered_map<std::string, ChannelSalience>
backward_section(Engine& engine, Decoder& decoder, size_t section, const std::vector<std::string>& linears,
                 const WeightSources& sources, const Calibration& calibration, const ValuePaths& inputs,
                 const GradientFiles& gradients, Sought sought);

/// What the backward pass of a section takes, its largest step.
struct SectionCost {
    size_t weight_bytes;              ///< weights, transposes and rounding errors if none is equalized, and Hessians
    size_t sample_bytes;              ///< what is computed for one sample
    std::vector<MissingRule> missing; ///< what keeps it from being differentiated; empty when nothing does
};

/// Finds out without weights or samples.
SectionCost measure_section(Engine& engine, const Decoder& decoder, size_t section);

/// Room in a graph for a section's nodes and their gradients.
size_t backward_nodes(const Section& section);

/// Which weights of a section to load with a transpose, and which with their rounding error too, or both of them.
/// @param sources tells which inputs are equalized; without, none are
std::unordered_map<std::string, SectionWeights::Copies> backward_copies(const ModelGraph& graph, const Section& section,
                                                                        const std::vector<std::string>& linears,
                                                                        const WeightSources& sources = {});

} // namespace mixllm
