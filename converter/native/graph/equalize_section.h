#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "calibration/calibration.h"
#include "engine/engine.h"
#include "graph/decoder.h"
#include "graph/section_weights.h"
#include "graph/value_files.h"

namespace mixllm {

/// What a weight's values are multiplied with to equalize it, powers of two; empty for 1.
struct WeightFactors {
    std::vector<float> columns; ///< `[columns]`, or of experts `[experts][columns]`
    std::vector<float> rows;
};

/**
 * Equalizes the inputs of a section's quantized linears: moves scale from channels whose activations are large for
 * their group of 8-bit integers into the weights that read them, as far as the outputs, both rounded, become more
 * exact.
 *
 * A channel's factor is `a^s / w^(1 - s)`, `a` the mean magnitude of its activations and `w` that of its weights
 * (SmoothQuant, Xiao et al. 2023), rounded to a power of two, so that neither source weights nor the float model change
 * in a bit. Channels that share a scale go by their mean. One strength s for each group of channels, of experts for
 * each expert's, is chosen by the error that plain rounding leaves in the linears' outputs on some of the samples; no
 * change is among the choices. Where halves do not hold the scales of the weights as they are, all channels are moved
 * by one factor besides.
 *
 * @param quantized names of the linears whose weights and inputs will be rounded
 * @param inputs the values the section reads
 * @return by weight, those that change
 * @throws std::runtime_error when a weight is missing, or a file or the device fails
 * @throws CanceledError
 */
std::unordered_map<std::string, WeightFactors> equalize_section(Engine& engine, Decoder& decoder, size_t section,
                                                                const WeightSources& sources,
                                                                const Calibration& calibration,
                                                                const std::unordered_set<std::string>& quantized,
                                                                const ValuePaths& inputs);

} // namespace mixllm
