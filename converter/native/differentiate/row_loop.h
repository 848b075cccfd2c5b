#pragma once

#include <ggml.h>

#include <cstdint>

#include "thread_range.h"

namespace mixllm {

/// A row of a tensor: its index along every dimension but the first.
struct RowIndex {
    int64_t i1;
    int64_t i2;
    int64_t i3;
};

inline float* row(ggml_tensor* tensor, const RowIndex& at) {
    return reinterpret_cast<float*>(static_cast<char*>(tensor->data) + at.i1 * tensor->nb[1] + at.i2 * tensor->nb[2] +
                                    at.i3 * tensor->nb[3]);
}

inline const float* row(const ggml_tensor* tensor, const RowIndex& at) {
    return row(const_cast<ggml_tensor*>(tensor), at);
}

/// Calls `body` with this thread's share of the rows of a tensor.
template <typename Body>
void for_each_row(const ggml_tensor* tensor, int thread, int threads, const Body& body) {
    const Range range = thread_range(ggml_nrows(tensor), thread, threads);
    for (int64_t r = range.begin; r < range.end; r++) {
        const int64_t plane = r / tensor->ne[1];
        body(RowIndex{r % tensor->ne[1], plane % tensor->ne[2], plane / tensor->ne[2]});
    }
}

} // namespace mixllm
