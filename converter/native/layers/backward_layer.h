#pragma once

#include <string>

#include "engine/engine.h"
#include "layers/calibration.h"
#include "layers/layer_shape.h"
#include "layers/layer_weights.h"
#include "layers/salience.h"

namespace mixllm {

/**
 * Takes every sample's loss gradient back through one decoder layer and measures its channels' salience.
 *
 * The forward pass is repeated from the layer's input, so nothing but layer inputs is kept between the passes.
 *
 * @param weights loaded for the backward pass
 * @param input the layer's input, [samples][length][hidden]
 * @param output_gradient the loss gradient at the layer's output, same shape
 * @param input_gradient the file to write the gradient at the layer's input to
 * @throws std::runtime_error when a file or the device fails
 */
LayerSalience backward_layer(Engine& engine, const LayerShape& shape, const LayerWeights& weights,
                             const Calibration& calibration, const std::string& input,
                             const std::string& output_gradient, const std::string& input_gradient);

} // namespace mixllm
