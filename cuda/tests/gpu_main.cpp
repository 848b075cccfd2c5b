// Holds every CUDA kernel to its definition: bit for bit against plain C++, and to float64. On a GPU; see
// tools/gpu-check.

#include "tests/suite.h"

#include <cstdio>
#include <exception>

int main() {
    try {
        return run_parts({{"instructions", test_instructions},
                          {"quantize", test_quantize},
                          {"mul_mat", test_mul_mat},
                          {"experts", test_experts}});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
