// Holds every CUDA kernel to its definition: bit for bit against plain C++, and to float64. On a GPU; see
// tools/gpu-check.

#include "tests/suite.h"

int main() {
    return run_parts({{"quantize", test_quantize}, {"mul_mat", test_mul_mat}});
}
