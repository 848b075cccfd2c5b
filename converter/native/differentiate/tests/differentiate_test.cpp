#include <cstdio>
#include <vector>

#include "gradient_case.h"
#include "run_case.h"

using namespace mixllm;

int main() {
    std::vector<GradientCase> cases;
    for (const auto& part : {elementwise_cases(), activation_cases(), gating_cases(), shape_cases(), reduction_cases(),
                             product_cases(), expert_cases(), attention_cases(), recurrence_cases()}) {
        cases.insert(cases.end(), part.begin(), part.end());
    }
    int failures = 0;
    Covered covered;
    for (const GradientCase& test : cases) {
        if (const std::string failure = run_case(test, covered); !failure.empty()) {
            std::printf("FAILED: %s: %s\n", test.name.c_str(), failure.c_str());
            failures++;
        }
    }
    std::printf("%zu cases, %d failures\n", cases.size(), failures);
    return failures == 0 ? 0 : 1;
}
