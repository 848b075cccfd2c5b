// PTX ISA, "griddepcontrol". Kernels run one after another here; what one does before it waits is held to what it may
// do while those before it still run.

#include "interpreter/opcode.h"
#include "interpreter/warp.h"

namespace interpreter {

static Step wait_for_kernels_before(Warp& warp, const Instruction&, Lanes lanes) {
    warp.wait_for_kernels_before(lanes);
    return Step::next;
}

static Step let_next_kernel_start(Warp&, const Instruction&, Lanes) {
    return Step::next;
}

std::vector<Opcode> grid_opcodes() {
    return {
        {"griddepcontrol.wait", "", wait_for_kernels_before},
        {"griddepcontrol.launch_dependents", "", let_next_kernel_start},
    };
}

} // namespace interpreter
