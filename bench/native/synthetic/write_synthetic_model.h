#pragma once

#include <string>

#include "common/native/job.h"
#include "synthetic/plan_model.h"

namespace mixllm {

/// Writes the model as a GGUF, a few rows at a time; the same model gives the same bytes.
///
/// Reports bytes written and bytes in all.
///
/// @throws InputError when the disk has too little room or cannot be written
/// @throws CanceledError, leaving a partial file behind
void write_synthetic_model(const SyntheticModel& model, const std::string& path, int32_t threads, JobControl& control);

} // namespace mixllm
