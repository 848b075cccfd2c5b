#pragma once

#include <vector>

#include "synthetic/PlannedTensor.h"
#include "synthetic/SyntheticModel.h"

/// The tensors of the model, in the order they are written.
std::vector<PlannedTensor> planTensors(const SyntheticModel& model);
