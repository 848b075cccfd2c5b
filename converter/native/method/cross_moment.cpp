#include "cross_moment.h"

#include <algorithm>

#include "graph.h"
#include "multiply.h"
#include "parallel.h"
#include "transpose.h"

namespace mixllm {

namespace {

constexpr size_t panel_rows = 1024; // outputs that one matrix product covers

} // namespace

void CrossMoment::add(Engine& engine, const float* residuals, const float* x, int64_t tokens) {
    const auto count = static_cast<size_t>(tokens);
    std::vector<float> x_by_feature(inputs_ * count);
    std::vector<float> residual_by_feature(outputs_ * count);
    transpose(x, count, inputs_, x_by_feature.data(), engine.threads());
    transpose(residuals, count, outputs_, residual_by_feature.data(), engine.threads());
    std::vector<float> panel;
    for (size_t first = 0; first < outputs_; first += panel_rows) {
        const size_t rows = std::min(panel_rows, outputs_ - first);
        panel.resize(rows * inputs_);
        Graph graph(engine);
        ggml_tensor* inputs = graph.input(x_by_feature.data(), tokens, static_cast<int64_t>(inputs_));
        ggml_tensor* part = graph.input(residual_by_feature.data() + first * count, tokens, static_cast<int64_t>(rows));
        graph.output(multiply(graph.context(), inputs, part), panel.data());
        graph.compute();
        parallel_blocks(engine.threads(), panel.size(), 1 << 16, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; i++) {
                sum_[first * inputs_ + i] += panel[i];
            }
        });
    }
}

} // namespace mixllm
