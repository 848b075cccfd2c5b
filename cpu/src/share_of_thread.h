#pragma once

#include "kernel_set.h"

// The tiles of thread `thread` of `threads`. Each thread takes a like stretch of the 4-bit and of the 8-bit rows, so
// that threads read equal bytes and, rows being stored in ascending order, write separate stretches of y.
Share share_of_thread(const mixllm_cpu_weight& weight, int thread, int threads);
