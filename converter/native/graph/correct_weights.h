#pragma once

#include <memory>
#include <vector>

#include "calibration/moments.h"
#include "engine/engine.h"
#include "gptq/hessian_factor.h"

namespace mixllm {

/// The factor of a Hessian at the least damping that allows one, from `damping` on ten times as much at each try; null
/// when none does. `damping` becomes what it took.
std::unique_ptr<HessianFactor> factorize_hessian(const Triangle& hessian, double& damping, const Workers& workers);

/// Shifts weights by what their inputs can make good of residuals, of the inputs themselves or of the outputs.
void regress_on(Engine& engine, std::vector<float>& weights, const CrossMoment& cross, const HessianFactor& factor,
                bool of_inputs, float strength);

} // namespace mixllm
