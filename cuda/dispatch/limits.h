#pragma once

#include <stdint.h>

// Tokens, or slots of tokens. Beyond this, as beyond the format's extents, sizes and offsets that the kernels keep in
// 32 bits would overflow.
static const int64_t MOST_TOKENS = 1 << 24;
