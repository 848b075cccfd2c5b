// Stands in for cuda/ptx/float_rn.cuh in the host emulation. Compiled without contraction.

#ifndef MIXLLM_FLOAT_RN_CUH
#define MIXLLM_FLOAT_RN_CUH

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

#endif
