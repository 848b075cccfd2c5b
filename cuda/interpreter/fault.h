#pragma once

#include <stdexcept>

namespace interpreter {

// Something a kernel must not do, or that the interpreter does not know. Ends the launch.
struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace interpreter
