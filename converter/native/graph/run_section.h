#pragma once

#include "calibration/calibration.h"
#include "engine/engine.h"
#include "graph/decoder.h"
#include "graph/section_weights.h"
#include "graph/value_files.h"

namespace mixllm {

/**
 * Passes every sample through one section.
 *
 * @param inputs the values it reads
 * @param outputs the files to write its values to
 * @throws std::runtime_error when a weight is missing, or a file or the device fails
 */
void run_section(Engine& engine, Decoder& decoder, size_t section, const WeightSources& sources,
                 const Calibration& calibration, const ValuePaths& inputs, const ValuePaths& outputs);

/// Room in a graph for a section's nodes, views and leaves.
size_t forward_nodes(const Section& section);

} // namespace mixllm
