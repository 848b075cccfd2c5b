#pragma once

#include "common/native/arguments.h"
#include "layers/calibration.h"
#include "layers/layer_shape.h"

namespace mixllm {

/// What every per-layer call works on, read from JavaScript.
struct LayerCall {
    LayerShape shape;
    LayerSources sources;
    Calibration calibration;
    int threads;
};

/// A decoder layer's linears as their GGUF tensors are called, indexed by `Linear`.
extern const char* const linear_tensor_names[linear_count];

/// `CalibrationBatches` of MethodAddon.ts; throws a TypeError when malformed.
Calibration read_calibration(const Argument& calibration);

/// `LayerCall` of MethodAddon.ts; throws a TypeError when malformed.
LayerCall read_layer_call(const Argument& call);

} // namespace mixllm
