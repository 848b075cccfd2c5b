#pragma once

#include <vector>

#include "calibration/calibration.h"
#include "engine/engine.h"
#include "graph/decoder.h"
#include "graph/section_weights.h"
#include "graph/value_files.h"

namespace mixllm {

/**
 * The loss of every sample, mean next-token cross entropy over its length - 1 predictions, and its gradient at what the
 * last section reads.
 *
 * The last section is cut at the product with the output head. The vocabulary is walked in blocks, twice, so that
 * neither the head nor all logits are ever in memory as floats, unless what follows the head (a soft cap, a bias) does
 * not work on each logit alone.
 *
 * @param inputs files of the values the last section reads
 * @param gradients files to write the gradient at those values to
 * @return one loss per sample
 * @throws std::runtime_error when the graph does not end in a product with a weight, an op has no rule, or a file or
 * the device fails
 */
std::vector<double> head_loss(Engine& engine, Decoder& decoder, const WeightSources& sources,
                              const Calibration& calibration, const ValuePaths& inputs, const ValuePaths& gradients);

} // namespace mixllm
