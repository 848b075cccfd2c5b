#pragma once

#include "interpreter/instruction.h"

#include <map>
#include <stddef.h>
#include <string>

namespace interpreter {

// Where the dynamic shared memory of a block begins in the shared address space: not at 0, as on a GPU.
constexpr uint32_t SHARED_BASE = 1024;

enum class Special { thread, block, block_threads, blocks, lane };

struct Kernel {
    // A row of the registers that holds the same value in all lanes.
    struct Constant {
        uint32_t row;
        uint32_t lane_bytes; // 4 or 8
        uint64_t value;
    };
    struct Parameter {
        uint32_t offset, bytes;
    };

    std::string name; // mangled
    std::vector<Instruction> instructions;
    std::vector<Parameter> parameters;
    uint32_t parameter_bytes = 0;
    uint32_t register_bytes = 0; // of a warp, constants included
    uint32_t predicates = 0;
    std::vector<Constant> constants;
    std::map<Special, uint32_t> specials; // their rows, of 4 bytes a lane
    uint32_t most_threads = 1024;         // .maxntid
};

// A PTX module.
struct Program {
    std::string target; // sm_80
    std::vector<std::string> lines;
    std::map<std::string, Kernel> kernels; // by their names
};

// Throws Fault on what it does not know, with the line.
Program parse_program(const std::string& ptx);

} // namespace interpreter
