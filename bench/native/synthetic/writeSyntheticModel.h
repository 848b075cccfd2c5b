#pragma once

#include <string>

#include "job/JobControl.h"
#include "synthetic/SyntheticModel.h"

/// Writes the model as a GGUF, a few rows at a time; the same model gives the same bytes.
///
/// Reports bytes written and bytes in all.
///
/// @throws InputError when the disk has too little room or cannot be written
/// @throws CanceledError, leaving a partial file behind
void writeSyntheticModel(const SyntheticModel& model, const std::string& path, int32_t threads, JobControl& control);
