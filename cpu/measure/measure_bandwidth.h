#ifndef MIXLLM_MEASURE_BANDWIDTH_H
#define MIXLLM_MEASURE_BANDWIDTH_H

#include <stddef.h>

// Reads `bytes` (a multiple of 64) once, in order, on the calling thread. Returns bytes a second of that thread's CPU
// time, in 1e9.
double measure_bandwidth(const void* memory, size_t bytes);

#endif
