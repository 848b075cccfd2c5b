#include "backward.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

void sum_back(Backward& b) {
    b.add(0, ggml_repeat(b.context, b.gradient, b.node->src[0]));
}

void sum_rows_back(Backward& b) {
    b.add(0, ggml_repeat(b.context, b.gradient, b.node->src[0]));
}

void mean_back(Backward& b) {
    ggml_tensor* x = b.node->src[0];
    ggml_tensor* share = ggml_scale(b.context, b.gradient, 1.0f / static_cast<float>(x->ne[0]));
    b.add(0, ggml_repeat(b.context, share, x));
}

namespace {

/// Sums each row from its end.
void run_cumsum_back(ggml_tensor* dst, int thread, int threads, void*) {
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        const float* gradient = row(dst->src[0], at);
        float* out = row(dst, at);
        double sum = 0.0;
        for (int64_t i = dst->ne[0]; i-- > 0;) {
            sum += gradient[i];
            out[i] = static_cast<float>(sum);
        }
    });
}

} // namespace

void cumsum_back(Backward& b) {
    b.add(0, b.custom(shape_of(b.node), {b.gradient}, run_cumsum_back));
}

void repeat_back(Backward& b) {
    b.add(0, b.sum_repeats(b.gradient, b.node->src[0]));
}

void repeat_back_back(Backward& b) {
    b.add(0, ggml_repeat(b.context, b.gradient, b.node->src[0]));
}

} // namespace mixllm
