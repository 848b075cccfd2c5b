#pragma once

#include <ggml.h>

#include <set>
#include <string>

#include "gradient_case.h"

namespace mixllm {

/// Names of ops, of unary functions and of gated units that cases have differentiated.
using Covered = std::set<std::string>;

/**
 * Runs one case: ggml's forward result against the evaluator, gradients against its central differences, and the same
 * bytes of gradients on other numbers of threads.
 *
 * @return the first failure, or nothing
 */
std::string run_case(const GradientCase& test, Covered& covered);

} // namespace mixllm
