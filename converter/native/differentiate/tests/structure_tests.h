#pragma once

#include <string>
#include <vector>

#include "run_case.h"

namespace mixllm {

/// What is reported as missing, which tensors get gradients, and where transposed copies are used; the failures.
std::vector<std::string> check_structure();

/**
 * Holds ggml's list of ops against the rules: each op has a rule or is a named exception, every rule has been run by a
 * case, and what exceptions say of llama.cpp's models is what its sources hold. The failures.
 *
 * @param llama_cpp folder of llama.cpp's sources
 */
std::vector<std::string> check_coverage(const Covered& covered, const std::string& llama_cpp);

} // namespace mixllm
