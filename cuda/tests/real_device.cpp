#include "tests/can_run.h"
#include "tests/require_success.h"
#include "tests/test_device.h"

#include <cstdlib>

bool runs_here(const mixllm_cuda_device& device) {
    int major = 0, minor = 0;
    require_success(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), "cudaDeviceGetAttribute");
    require_success(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0), "cudaDeviceGetAttribute");
    if (device.has_wgmma && std::getenv("MIXLLM_TEST_WITHOUT_WGMMA") != nullptr) {
        return false;
    }
    return can_run(device, 10 * major + minor);
}

std::string take_fault() {
    return "";
}
