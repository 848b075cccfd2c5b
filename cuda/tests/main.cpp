// Holds every CUDA kernel to its definition: bit for bit against plain C++, and to float64. On the host emulation.

#include "tests/suite.h"

int main() {
    return run_parts({{"emulation checks", test_checker},
                      {"interpreter checks", test_interpreter},
                      {"instructions", test_instructions},
                      {"quantize", test_quantize},
                      {"mul_mat", test_mul_mat},
                      {"experts", test_experts}});
}
