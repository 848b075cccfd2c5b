#include "gradient_case.h"

namespace mixllm {

std::vector<GradientCase> recurrence_cases() {
    return {};
}

} // namespace mixllm
