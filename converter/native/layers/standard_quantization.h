#pragma once

#include "layers/quantize_layer.h"

namespace mixllm {

/// The settings every conversion uses; NOTES.md has the measurements behind them.
inline QuantizeLayerOptions standard_quantization() {
    QuantizeLayerOptions options{};
    for (int percent = 100; percent >= 80; percent -= 2) {
        options.gptq.clip_ratios.push_back(static_cast<float>(percent) / 100.0f);
    }
    options.damping = 0.01;
    options.propagation = 0.5f;
    options.correction = 0.5f;
    return options;
}

} // namespace mixllm
