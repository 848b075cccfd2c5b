#pragma once

#include "mixllm_cuda.h"

// Whether a GPU of this compute capability, 10 times major and minor, runs what the launchers choose for `device`: from
// 80 on other kernels than before, from 90 on other launches.
inline bool can_run(const mixllm_cuda_device& device, int capability) {
    if (device.has_wgmma) {
        return capability == 90;
    }
    return capability >= (device.architecture >= 90 ? 90 : device.architecture >= 80 ? 80 : 75);
}
