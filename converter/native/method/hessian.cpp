#include "hessian.h"

#include <algorithm>

#include "graph.h"
#include "multiply.h"
#include "parallel.h"
#include "transpose.h"

namespace mixllm {

namespace {

constexpr size_t panel_rows = 1024; // rows of the triangle that one matrix product covers

} // namespace

void Hessian::add(Engine& engine, const float* x, int64_t tokens) {
    const size_t inputs = sum_.size();
    const auto count = static_cast<size_t>(tokens);
    transposed_.resize(inputs * count);
    transpose(x, count, inputs, transposed_.data(), engine.threads());
    for (size_t first = 0; first < inputs; first += panel_rows) {
        const size_t last = std::min(inputs, first + panel_rows);
        panel_.resize((last - first) * last);
        Graph graph(engine);
        ggml_context* context = graph.context();
        ggml_tensor* all = graph.input(transposed_.data(), tokens, static_cast<int64_t>(last));
        ggml_tensor* rows =
            ggml_view_2d(context, all, tokens, static_cast<int64_t>(last - first), all->nb[1], first * all->nb[1]);
        graph.output(multiply(context, all, rows), panel_.data());
        graph.compute();
        parallel_items(engine.threads(), last - first, [&](size_t i) {
            double* sum = sum_.row(first + i);
            const float* part = panel_.data() + i * last;
            for (size_t k = 0; k <= first + i; k++) {
                sum[k] += part[k];
            }
        });
    }
}

} // namespace mixllm
