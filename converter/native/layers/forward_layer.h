#pragma once

#include <string>

#include "engine/engine.h"
#include "layers/calibration.h"
#include "layers/layer_shape.h"
#include "layers/layer_weights.h"

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
