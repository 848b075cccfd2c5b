#pragma once

#include <cstdint>
#include <string>

#include "job/job_control.h"
#include "llama/handles.h"

/// Loads a GGUF model as llama.cpp's own tools do (memory-mapped where possible, weights repacked for the CPU).
///
/// @param gpu_layers layers to put on the GPU where there is one
/// @throws InputError naming the file and llama.cpp's reason
/// @throws CanceledError
ModelHandle load_model(const std::string& path, JobControl& control, int32_t gpu_layers = 0);
