// Holds the gradients of every op against differences in float64, and the list of ops against ggml's own.

#include <cstdio>
#include <string>
#include <vector>

#include "gradient_case.h"
#include "run_case.h"
#include "structure_tests.h"

using namespace mixllm;

int main(int count, char** arguments) {
    if (count != 2) {
        std::printf("usage: mixllm-differentiate-test LLAMA_CPP\n");
        return 2;
    }
    std::vector<std::string> failures = check_structure();
    Covered covered;
    size_t cases = 0;
    for (const auto& subject :
         {elementwise_cases(), activation_cases(), gating_cases(), shape_cases(), reduction_cases(), product_cases(),
          expert_cases(), attention_cases(), recurrence_cases(), hyper_connection_cases()}) {
        for (const GradientCase& test : subject) {
            cases++;
            if (const std::string failure = run_case(test, covered); !failure.empty()) {
                failures.push_back(test.name + ": " + failure);
            }
        }
    }
    for (const std::string& failure : check_coverage(covered, arguments[1])) {
        failures.push_back(failure);
    }
    for (const std::string& failure : failures) {
        std::printf("FAILED: %s\n", failure.c_str());
    }
    std::printf("%zu cases, %zu failures\n", cases, failures.size());
    return failures.empty() ? 0 : 1;
}
