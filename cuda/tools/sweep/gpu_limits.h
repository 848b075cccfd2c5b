#pragma once

#include <string>

// What bounds a product on the GPU in use.
struct GpuLimits {
    std::string gpu;
    int compute_capability; // 90 for 9.0
    int multiprocessors;
    size_t l2_bytes;
    double copy_bytes_per_second; // read plus written, measured by copying within the device's memory
    double int8_per_second;       // int8 multiplications and additions at the highest clock, 0 where not known
};

GpuLimits measure_gpu_limits();
