#include "tests/suite.h"

#include "tests/test_device.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

// Of how many cases one is run: MIXLLM_TEST_EVERY in the environment, for tools that slow all down.
static int every() {
    const char* value = std::getenv("MIXLLM_TEST_EVERY");
    return value == nullptr ? 1 : std::max(1, std::atoi(value));
}

// The case under way, for whoever ends a test that hangs.
static std::string under_way;

static void tell_where(int) {
    std::fprintf(stderr, "stopped in %s\n", under_way.c_str());
    std::_Exit(1);
}

void Suite::run(const std::string& name, const std::function<std::string()>& body) {
    if (++offered_cases % every() != 0) {
        return;
    }
    run_cases++;
    under_way = name;
    std::string problem;
    try {
        problem = body();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    cudaGetLastError(); // the next case starts afresh
    const std::string fault = take_fault();
    if (!fault.empty()) {
        problem += (problem.empty() ? "" : ": ") + fault;
    }
    if (!problem.empty()) {
        failed_cases++;
        std::fprintf(stderr, "FAILED %s: %s\n", name.c_str(), problem.c_str());
    }
}

int run_parts(const std::vector<TestPart>& parts) {
    std::signal(SIGTERM, tell_where);
    bool passed = true;
    for (const TestPart& part : parts) {
        const auto start = std::chrono::steady_clock::now();
        Suite suite;
        part.test(suite);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("%s: %d cases, %d failed, %.1f s\n", part.name, suite.cases(), suite.failures(), seconds);
        std::fflush(stdout);
        if (suite.skipped() > 0) {
            std::printf("%s: %d cases SKIPPED, for other GPUs or left out on demand\n", part.name, suite.skipped());
        }
        passed = passed && suite.failures() == 0 && suite.cases() > 0;
    }
    return passed ? 0 : 1;
}
