#include "tests/require_success.h"
#include "tests/test_device.h"

#include <cstdlib>

bool runs_here(const mixllm_cuda_device& device) {
    int major = 0, minor = 0;
    require_success(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), "cudaDeviceGetAttribute");
    require_success(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0), "cudaDeviceGetAttribute");
    const int capability = 10 * major + minor;
    if (device.has_wgmma && std::getenv("MIXLLM_TEST_WITHOUT_WGMMA") != nullptr) {
        return false;
    }
    // The launchers only ask whether the architecture is below 80 and whether it is below 90.
    return device.has_wgmma ? capability == 90 : capability >= 90 || device.architecture < (capability < 80 ? 80 : 90);
}

std::string take_fault() {
    return "";
}
