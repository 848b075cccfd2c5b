#pragma once

#include "interpreter/instruction.h"

#include <string>
#include <vector>

namespace interpreter {

// An instruction the interpreter knows, spelled in full. signature: a letter for each operand, vectors taken apart:
//     w  a register of up to 32 bits or a constant      p  a predicate          S  an address in shared memory
//     d  a 64-bit register or a constant                _  nothing              G  an address in global memory
//     W, D  such registers, which are written                                   P  an address among the parameters
struct Opcode {
    std::string name;
    std::string signature;
    Handler execute;
};

// Those of that name, which differ in their operands.
std::vector<const Opcode*> find_opcodes(const std::string& name);

// Those of each kind.
std::vector<Opcode> arithmetic_opcodes();
std::vector<Opcode> conversion_opcodes();
std::vector<Opcode> load_store_opcodes();
std::vector<Opcode> warp_opcodes();
std::vector<Opcode> grid_opcodes();
std::vector<Opcode> barrier_opcodes();
std::vector<Opcode> mma_opcodes();
std::vector<Opcode> cp_async_opcodes();
std::vector<Opcode> mbarrier_opcodes();
std::vector<Opcode> wgmma_opcodes();

} // namespace interpreter
