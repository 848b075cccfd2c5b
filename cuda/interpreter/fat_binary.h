#pragma once

#include <string>

namespace interpreter {

// The PTX for a target ("sm_80") in what nvcc puts into an object file and hands to __cudaRegisterFatBinary. It must
// have been compiled with --no-compress. Throws Fault if there is none.
std::string ptx_of(const void* fat_binary, const std::string& target);

} // namespace interpreter
