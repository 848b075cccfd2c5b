#include "interpreter/check_wgmma_fences.h"

#include "interpreter/fault.h"
#include "interpreter/opcode.h"

#include <algorithm>

namespace interpreter {

static bool is(const Instruction& instruction, const char* name) {
    return instruction.opcode != nullptr && instruction.opcode->name.rfind(name, 0) == 0;
}

// Whether it reads or writes the sums or A of a wgmma.mma_async; its descriptor and predicate are read when it is
// issued.
static bool touches_registers_of(const Instruction& instruction, const Instruction& product) {
    size_t at = 0;
    for (const char kind : instruction.opcode->signature) {
        const bool is_register = kind != 'p' && kind != '_';
        if (is_register &&
            std::count(product.operands.begin(), product.operands.end() - 2, instruction.operands[at]) > 0) {
            return true;
        }
        at += kind == '_' ? 0 : kind == 'S' || kind == 'G' || kind == 'P' ? 2 : 1;
    }
    return false;
}

static bool is_fenced(const Kernel& kernel, const std::vector<bool>& targets, size_t at) {
    const Instruction& product = kernel.instructions[at];
    while (!targets[at] && at-- > 0) {
        const Instruction& earlier = kernel.instructions[at];
        if (is(earlier, "wgmma.fence")) {
            return true;
        }
        if (earlier.flow != Flow::next || (!is(earlier, "wgmma.mma_async") && touches_registers_of(earlier, product))) {
            return false;
        }
    }
    return false;
}

void check_wgmma_fences(const Kernel& kernel) {
    std::vector<bool> targets(kernel.instructions.size() + 1);
    for (const Instruction& instruction : kernel.instructions) {
        if (instruction.flow == Flow::branch) {
            targets[instruction.target] = true;
        }
    }
    for (size_t at = 0; at < kernel.instructions.size(); at++) {
        if (is(kernel.instructions[at], "wgmma.mma_async") && !is_fenced(kernel, targets, at)) {
            throw Fault("PTX line " + std::to_string(kernel.instructions[at].line) +
                        ": wgmma.mma_async without a wgmma.fence after other use of its registers");
        }
    }
}

} // namespace interpreter
