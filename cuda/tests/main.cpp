// Holds every CUDA kernel to its definition: bit for bit against plain C++, and to float64.

#include "tests/suite.h"

#include "emulation/fault.h"

#include <cuda_runtime.h>

#include <chrono>
#include <cstdio>
#include <exception>

void Suite::run(const std::string& name, const std::function<std::string()>& body) {
    run_cases++;
    std::string problem;
    try {
        problem = body();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    cudaGetLastError(); // the next case starts afresh
    const std::string fault = emulation::last_fault();
    if (!fault.empty()) {
        problem += (problem.empty() ? "" : ": ") + fault;
    }
    if (!problem.empty()) {
        failed_cases++;
        std::fprintf(stderr, "FAILED %s: %s\n", name.c_str(), problem.c_str());
    }
}

int main() {
    const struct {
        const char* name;
        void (*test)(Suite&);
    } parts[] = {{"emulation checks", test_checker}, {"quantize", test_quantize}, {"mul_mat", test_mul_mat}};
    bool passed = true;
    for (const auto& part : parts) {
        const auto start = std::chrono::steady_clock::now();
        Suite suite;
        part.test(suite);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("%s: %d cases, %d failed, %.1f s\n", part.name, suite.cases(), suite.failures(), seconds);
        passed = passed && suite.failures() == 0 && suite.cases() > 0;
    }
    return passed ? 0 : 1;
}
