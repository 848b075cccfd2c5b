#pragma once

#include <functional>
#include <stddef.h>
#include <string>

namespace interpreter {

// What the last launch did wrong, if anything. Reading it clears it.
std::string take_fault();

size_t executed_kernels();

// Runs a prepared kernel, which may start early or not; what it does wrong is the runtime's error from then on.
void execute(const std::function<std::string()>& kernel, bool early);

// While launches are captured into a graph: keeps one for it, and is true.
bool capture(const std::function<std::string()>& kernel, bool early);

} // namespace interpreter
