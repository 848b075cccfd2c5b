#pragma once

#include <stddef.h>

// Reads `bytes` (a multiple of 256) on the calling thread, once in order and once in four parts side by side. Returns
// the better of the two in bytes a second, in 1e9, by a clock such as thread_seconds.
double measure_bandwidth(const void* memory, size_t bytes, double (*clock)());
