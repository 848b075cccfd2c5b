#include "calibration/moments.h"

#include <algorithm>

#include "calibration/transpose.h"
#include "common/native/workers.h"
#include "engine/graph.h"

namespace mixllm {

namespace {

constexpr size_t panel_rows = 1024; // rows of a moment that one graph covers
constexpr size_t strip_rows = 128;  // of a symmetric moment that one matrix product covers

} // namespace

void Hessian::add(Engine& engine, const float* x, int64_t tokens) {
    const size_t inputs = sum_.size();
    const auto count = static_cast<size_t>(tokens);
    transposed_.resize(inputs * count);
    transpose(x, count, inputs, transposed_.data(), engine.workers());
    for (size_t first = 0; first < inputs; first += panel_rows) {
        const size_t last = std::min(inputs, first + panel_rows);
        panel_.resize((last - first) * last);
        Graph graph(engine);
        ggml_context* context = graph.context();
        ggml_tensor* all = graph.input(transposed_.data(), tokens, static_cast<int64_t>(last));
        std::vector<const float*> strips;
        size_t used = 0;
        for (size_t row = first; row < last; row += strip_rows) {
            // Of the symmetric matrix the columns up to the strip's last.
            const size_t end = std::min(last, row + strip_rows);
            ggml_tensor* rows =
                ggml_view_2d(context, all, tokens, static_cast<int64_t>(end - row), all->nb[1], row * all->nb[1]);
            ggml_tensor* columns = ggml_view_2d(context, all, tokens, static_cast<int64_t>(end), all->nb[1], 0);
            strips.push_back(panel_.data() + used);
            graph.output(multiply(context, columns, rows), panel_.data() + used);
            used += (end - row) * end;
        }
        graph.compute();
        engine.workers().for_each(last - first, [&](size_t i) {
            double* sum = sum_.row(first + i);
            const size_t strip = i / strip_rows;
            const size_t end = std::min(last, first + (strip + 1) * strip_rows);
            const float* part = strips[strip] + i % strip_rows * end;
            for (size_t k = 0; k <= first + i; k++) {
                sum[k] += part[k];
            }
        });
    }
}

void CrossMoment::add(Engine& engine, const float* residuals, const float* x, int64_t tokens) {
    const auto count = static_cast<size_t>(tokens);
    std::vector<float> x_by_feature(inputs_ * count);
    std::vector<float> residual_by_feature(outputs_ * count);
    transpose(x, count, inputs_, x_by_feature.data(), engine.workers());
    transpose(residuals, count, outputs_, residual_by_feature.data(), engine.workers());
    std::vector<float> panel;
    for (size_t first = 0; first < outputs_; first += panel_rows) {
        const size_t rows = std::min(panel_rows, outputs_ - first);
        panel.resize(rows * inputs_);
        Graph graph(engine);
        ggml_tensor* inputs = graph.input(x_by_feature.data(), tokens, static_cast<int64_t>(inputs_));
        ggml_tensor* part = graph.input(residual_by_feature.data() + first * count, tokens, static_cast<int64_t>(rows));
        graph.output(multiply(graph.context(), inputs, part), panel.data());
        graph.compute();
        engine.workers().for_each_block(panel.size(), 1 << 16, [&](size_t begin, size_t end) {
            double* sum = sum_.data() + first * inputs_;
            for (size_t i = begin; i < end; i++) {
                sum[i] += panel[i];
            }
        });
    }
}

} // namespace mixllm
