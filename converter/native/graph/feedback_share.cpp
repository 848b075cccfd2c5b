#include "graph/feedback_share.h"

#include <algorithm>

#include "graph/quantize_section.h"

namespace mixllm {

namespace {

constexpr size_t least_rows = 4096;

} // namespace

bool FeedbackShare::is_enough() const {
    return rows_ >= std::max(least_rows, inputs_);
}

void FeedbackShare::add(Engine& engine, const float* x, int64_t rows) {
    hessian_.add(engine, x, rows);
    rows_ += static_cast<size_t>(rows);
}

float FeedbackShare::value(const Workers& workers) const {
    Triangle factor = hessian_.values();
    double trace = 0.0;
    for (size_t i = 0; i < inputs_; i++) {
        trace += factor.row(i)[i];
    }
    const double ridge = QuantizationOptions::standard().damping * trace / static_cast<double>(inputs_);
    for (size_t i = 0; i < inputs_; i++) {
        factor.row(i)[i] += ridge;
    }
    if (!(trace > 0.0) || !factorize(factor, workers)) {
        return 1.0f;
    }
    const auto rows = static_cast<double>(rows_);
    double left = 0.0;
    for (size_t i = 0; i < inputs_; i++) {
        // Of what column i is in these rows, each column behind it explains one row's worth by chance.
        const auto behind = static_cast<double>(inputs_ - 1 - i);
        left += factor.row(i)[i] * factor.row(i)[i] * rows / std::max(rows - behind, rows / 2.0);
    }
    return static_cast<float>(std::min(1.0, left / trace));
}

} // namespace mixllm
