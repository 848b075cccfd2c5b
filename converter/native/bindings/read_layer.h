#pragma once

#include <vector>

#include <napi.h>

#include "../method/calibration.h"
#include "../method/layer_shape.h"
#include "../method/weight_source.h"

namespace mixllm {

/// What every per-layer call works on, read from JavaScript; `buffers` keeps the memory it points into alive.
struct LayerCall {
    LayerShape shape;
    LayerSources sources;
    Calibration calibration;
    int threads;
    std::vector<Napi::Object> buffers;
};

/// A decoder layer's linears as their GGUF tensors are called, indexed by `Linear`.
extern const char* const linear_tensor_names[linear_count];

/// `{ hidden, heads, ... }` as `LayerShape` in MethodAddon.ts describes it; throws a TypeError when malformed.
LayerShape read_layer_shape(const Napi::Object& object);

/// `{ samples, length, batchSamples, tokens: Int32Array }`; throws a TypeError when malformed.
Calibration read_calibration(const Napi::Object& object);

/// `SourceRows`, as the method's core takes it; adds its data to `buffers`.
WeightSource read_weight(const Napi::Object& source, std::vector<Napi::Object>& buffers);

/// `{ shape, weights: { "attn_q.weight": SourceRows, ... }, calibration, threads }`; throws a TypeError when malformed.
LayerCall read_layer_call(const Napi::Object& object);

} // namespace mixllm
