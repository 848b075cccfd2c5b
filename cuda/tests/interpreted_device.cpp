#include "interpreter/device.h"
#include "interpreter/runtime.h"
#include "tests/can_run.h"
#include "tests/test_device.h"

bool runs_here(const mixllm_cuda_device& device) {
    return can_run(device, interpreter::device().capability);
}

std::string take_fault() {
    return interpreter::take_fault();
}
