#pragma once

#include <string>

#include "calibration.h"
#include "engine.h"
#include "layer_shape.h"
#include "layer_weights.h"

namespace mixllm {

/**
 * Passes every sample through one decoder layer.
 *
 * @param input activation file, [samples][length][hidden]
 * @param output activation file to write, same shape
 * @throws std::runtime_error when a file or the device fails
 */
void forward_layer(Engine& engine, const LayerShape& shape, const LayerWeights& weights, const Calibration& calibration,
                   const std::string& input, const std::string& output);

} // namespace mixllm
