#pragma once

#include "interpreter/program.h"

#include <random>

namespace interpreter {

// A kernel with what it is launched with, all of which its blocks have in common.
struct Launch {
    const Program& program;
    const Kernel& kernel;
    std::vector<uint8_t> parameters;
    unsigned blocks, threads; // a grid, a block
    size_t shared_bytes;
    bool early;           // it may start while those before it still run
    std::mt19937& random; // the order of everything whose order is not given
};

// Runs its blocks, one after another in any order. Throws Fault.
void run(const Launch& launch);

} // namespace interpreter
