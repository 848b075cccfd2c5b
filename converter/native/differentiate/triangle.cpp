#include "backward.h"
#include "op_params.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

void tri_back(Backward& b) {
    b.add(0, ggml_tri(b.context, b.gradient, static_cast<ggml_tri_type>(int_param(b.node, 0))));
}

/// The diagonal `[n, 1, ...]` of a gradient `[n, n, ...]`.
void diag_back(Backward& b) {
    ggml_tensor* g = b.gradient;
    ggml_tensor* diagonal =
        ggml_view_4d(b.context, g, 1, g->ne[1], g->ne[2], g->ne[3], g->nb[0] + g->nb[1], g->nb[2], g->nb[3], 0);
    b.add(0, ggml_transpose(b.context, diagonal));
}

void diag_mask_back(Backward& b) {
    b.add(0, ggml_diag_mask_zero(b.context, b.gradient, int_param(b.node, 0)));
}

namespace {

/// Solves transposed(A) Y = G for each matrix. Sources: A `[n, n, ...]`, lower triangular, and G `[m, n, ...]`.
void run_solve_transposed(ggml_tensor* dst, int thread, int threads, void*) {
    const int64_t m = dst->ne[0], n = dst->ne[1];
    const Range range = thread_range(dst->ne[2] * dst->ne[3], thread, threads);
    for (int64_t plane = range.begin; plane < range.end; plane++) {
        const int64_t i2 = plane % dst->ne[2], i3 = plane / dst->ne[2];
        for (int64_t i = n; i-- > 0;) {
            float* y = row(dst, {i, i2, i3});
            std::copy_n(row(dst->src[1], {i, i2, i3}), m, y);
            for (int64_t k = i + 1; k < n; k++) {
                const float a = row(dst->src[0], {k, i2, i3})[i];
                const float* later = row(dst, {k, i2, i3});
                for (int64_t c = 0; c < m; c++) {
                    y[c] -= a * later[c];
                }
            }
            const float inverse = 1.0f / row(dst->src[0], {i, i2, i3})[i];
            for (int64_t c = 0; c < m; c++) {
                y[c] *= inverse;
            }
        }
    }
}

} // namespace

/// X = A^-1 B: the gradient of B is Y = A^-T G, that of A the lower triangle of -Y X^T.
void solve_tri_back(Backward& b) {
    ggml_tensor* solved = b.custom(shape_of(b.node), {b.value(b.node->src[0]), b.gradient}, run_solve_transposed);
    if (b.needs(1)) {
        b.add(1, solved);
    }
    if (b.needs(0)) {
        ggml_tensor* product = ggml_mul_mat(b.context, b.value(b.node), solved);
        ggml_prec_set_acc(product, GGML_PREC_F32);
        b.add(0, ggml_neg(b.context, ggml_tri(b.context, product, GGML_TRI_TYPE_LOWER_DIAG)));
    }
}

} // namespace mixllm
