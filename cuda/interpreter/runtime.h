#pragma once

#include <string>

namespace interpreter {

// What the last launch did wrong, if anything. Reading it clears it.
std::string take_fault();

} // namespace interpreter
