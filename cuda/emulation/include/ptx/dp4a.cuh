// Stands in for cuda/ptx/dp4a.cuh in the host emulation.

#pragma once

#include <stdint.h>

inline int32_t dp4a(uint32_t a, uint32_t b, int32_t c) {
    for (int i = 0; i < 32; i += 8) {
        c += (int8_t)(a >> i) * (int8_t)(b >> i);
    }
    return c;
}
