#pragma once

#include <cstdint>
#include <string>

#include "job/JobControl.h"
#include "llama/handles.h"

/// Loads a GGUF model as llama.cpp's own tools do (memory-mapped where possible, weights repacked for the CPU).
///
/// @param gpuLayers layers to put on the GPU where there is one
/// @throws InputError naming the file and llama.cpp's reason
/// @throws CanceledError
ModelHandle loadModel(const std::string& path, JobControl& control, int32_t gpuLayers = 0);
