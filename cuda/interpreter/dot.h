#pragma once

#include <stdint.h>

namespace interpreter {

// The dot product of 32 s8.
inline int32_t dot32(const int8_t* a, const int8_t* b) {
    int32_t sum = 0;
    for (int i = 0; i < 32; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

} // namespace interpreter
