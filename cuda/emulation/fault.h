#pragma once

#include <stdexcept>
#include <string>

namespace emulation {

// Something a kernel must not do. Ends the launch; cudaGetLastError then gives cudaErrorLaunchFailure and last_fault()
// this text.
struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Of the last launch that failed; empty if none did. Reading it clears it.
std::string last_fault();

} // namespace emulation
