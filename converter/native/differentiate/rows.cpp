#include <algorithm>

#include "backward.h"
#include "row_loop.h"
#include "rules.h"

namespace mixllm {

namespace {

int64_t row_number(const ggml_tensor* ids, int64_t i0, int64_t i1, int64_t i2) {
    const char* id = static_cast<const char*>(ids->data) + i0 * ids->nb[0] + i1 % ids->ne[1] * ids->nb[1] +
                     i2 % ids->ne[2] * ids->nb[2];
    return ids->type == GGML_TYPE_I64 ? *reinterpret_cast<const int64_t*>(id) : *reinterpret_cast<const int32_t*>(id);
}

/// Sources: gradient `[n, k, e2, e3]` and ids `[k, e2, e3]`. Each thread fills some of the rows `[n, m, e2, e3]`.
void run_get_rows_back(ggml_tensor* dst, int thread, int threads, void*) {
    const ggml_tensor* gradient = dst->src[0];
    const ggml_tensor* ids = dst->src[1];
    const int64_t n = dst->ne[0], m = dst->ne[1];
    const Range range = thread_range(ggml_nrows(dst), thread, threads);
    float* out = static_cast<float*>(dst->data);
    std::fill(out + range.begin * n, out + range.end * n, 0.0f);
    for (int64_t plane = range.begin / m; plane * m < range.end; plane++) {
        const int64_t i2 = plane % dst->ne[2], i3 = plane / dst->ne[2];
        for (int64_t i = 0; i < gradient->ne[1]; i++) {
            const int64_t to = plane * m + row_number(ids, i, i2, i3);
            if (to >= range.begin && to < range.end) {
                const float* from = row(gradient, {i, i2, i3});
                for (int64_t k = 0; k < n; k++) {
                    out[to * n + k] += from[k];
                }
            }
        }
    }
}

/// Sources: gradient of what was written to `[n, m, e2, e3]` and ids; the result is that of the rows `[n, k, e2, e3]`.
void run_written_rows(ggml_tensor* dst, int thread, int threads, void*) {
    for_each_row(dst, thread, threads, [&](const RowIndex& at) {
        const float* from = row(dst->src[0], {row_number(dst->src[1], at.i1, at.i2, at.i3), at.i2, at.i3});
        std::copy(from, from + dst->ne[0], row(dst, at));
    });
}

/// The gradient without the rows that were overwritten.
void run_kept_rows(ggml_tensor* dst, int thread, int threads, void*) {
    const ggml_tensor* gradient = dst->src[0];
    const ggml_tensor* ids = dst->src[1];
    const int64_t n = dst->ne[0], m = dst->ne[1];
    const Range range = thread_range(ggml_nrows(dst), thread, threads);
    const float* in = static_cast<const float*>(gradient->data);
    float* out = static_cast<float*>(dst->data);
    std::copy(in + range.begin * n, in + range.end * n, out + range.begin * n);
    for (int64_t plane = range.begin / m; plane * m < range.end; plane++) {
        for (int64_t i = 0; i < ids->ne[0]; i++) {
            const int64_t written = plane * m + row_number(ids, i, plane % dst->ne[2], plane / dst->ne[2]);
            if (written >= range.begin && written < range.end) {
                std::fill(out + written * n, out + (written + 1) * n, 0.0f);
            }
        }
    }
}

} // namespace

void get_rows_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.custom(shape_of(b.node->src[0]), {b.gradient, b.node->src[1]}, run_get_rows_back));
    }
}

/// Sources: rows, their numbers, and the tensor they are written to.
void set_rows_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.custom(shape_of(b.node->src[0]), {b.gradient, b.node->src[1]}, run_written_rows));
    }
    if (b.needs(2)) {
        b.add(2, b.custom(shape_of(b.node), {b.gradient, b.node->src[1]}, run_kept_rows));
    }
}

} // namespace mixllm
