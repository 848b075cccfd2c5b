// Stands in for cuda/ptx/float_rn.cuh in the host emulation. Compiled without contraction.

#pragma once

#include <cmath>

inline float add_rn(float a, float b) {
    return a + b;
}

inline float mul_rn(float a, float b) {
    return a * b;
}

inline float div_rn(float a, float b) {
    return a / b;
}

inline float fma_rn(float a, float b, float c) {
    return std::fma(a, b, c);
}
