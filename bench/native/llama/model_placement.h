#pragma once

#include <cstdint>

/// What a model computes with.
struct ModelPlacement {
    int32_t threads;
    /// Layers on the GPU; 0 keeps all on the CPU.
    int32_t gpu_layers;
};
