#include "gpu_limits.h"

#include "random_values.h"
#include "tests/device_array.h"

#include <algorithm>
#include <chrono>

// Dense int8 operations per clock and multiprocessor of the tensor cores, by the vendor's figures for the architecture.
static double int8_per_clock(int capability) {
    switch (capability) {
    case 80:
    case 87:
        return 4096;
    case 90:
        return 8192;
    case 75:
    case 86:
    case 89:
    case 120:
        return 2048;
    default:
        return 0;
    }
}

// The best of several: a limit is what is possible.
static double copy_bytes_per_second() {
    const size_t bytes = size_t(1) << 30;
    const DeviceArray<uint8_t> from(random_bits<uint8_t>(bytes)), to(bytes);
    double best = 0;
    for (int i = 0; i < 10; i++) {
        const auto start = std::chrono::steady_clock::now();
        const int copies = 8;
        for (int copy = 0; copy < copies; copy++) {
            require_success(cudaMemcpyAsync(to.get(), from.get(), bytes, cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
        }
        require_success(cudaDeviceSynchronize(), "a copy");
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = std::max(best, 2.0 * copies * (double)bytes / seconds);
    }
    return best;
}

GpuLimits measure_gpu_limits() {
    cudaDeviceProp properties;
    require_success(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
    int kilohertz = 0;
    require_success(cudaDeviceGetAttribute(&kilohertz, cudaDevAttrClockRate, 0), "cudaDeviceGetAttribute");
    GpuLimits limits;
    limits.gpu = properties.name;
    limits.compute_capability = 10 * properties.major + properties.minor;
    limits.multiprocessors = properties.multiProcessorCount;
    limits.l2_bytes = (size_t)properties.l2CacheSize;
    limits.copy_bytes_per_second = copy_bytes_per_second();
    limits.int8_per_second =
        int8_per_clock(limits.compute_capability) * limits.multiprocessors * 1000.0 * (double)kilohertz;
    return limits;
}
