#pragma once

#include <stddef.h>

// At least `bytes` of 64-byte aligned memory that belongs to the calling thread until its next call; freed when the
// thread ends.
void* thread_scratch(size_t bytes);
