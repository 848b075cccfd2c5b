#pragma once

#include <vector>

#include "synthetic/planned_tensor.h"
#include "synthetic/synthetic_model.h"

/// The tensors of the model, in the order they are written.
std::vector<PlannedTensor> plan_tensors(const SyntheticModel& model);
