#include "tests/test_device.h"

#include "emulation/fault.h"

bool runs_here(const mixllm_cuda_device&) {
    return true;
}

std::string take_fault() {
    return emulation::last_fault();
}
