#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "layers/calibration.h"
#include "weights/source_rows.h"

namespace mixllm {

/// The model's end: final norm and output head.
struct HeadSources {
    SourceRows norm;
    SourceRows head; ///< one row per token of the vocabulary; the embedding when the two are tied
    float norm_epsilon;
};

/**
 * The loss of every sample, mean next-token cross entropy over its length - 1 predictions, and its gradient.
 *
 * The vocabulary is walked in blocks, twice, so that neither the head nor all logits are ever in memory as floats.
 *
 * @param input the last layer's output, [samples][length][hidden]
 * @param gradient activation file to write: the loss gradient at `input`, same shape
 * @return one loss per sample
 * @throws std::runtime_error when a file or the device fails
 */
std::vector<double> head_loss(Engine& engine, const HeadSources& sources, const Calibration& calibration,
                              const std::string& input, const std::string& gradient);

} // namespace mixllm
