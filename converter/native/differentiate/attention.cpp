#include <cstring>

#include "backward.h"
#include "op_params.h"
#include "rules.h"

namespace mixllm {

namespace {

/// `ggml_soft_max_ext_back`, never in the memory of the probabilities.
ggml_tensor* soft_max_gradient(Backward& b, ggml_tensor* probabilities, float scale) {
    ggml_tensor* back = ggml_soft_max_ext_back(b.context, b.gradient, probabilities, scale, 0.0f);
    // ggml's CPU kernel overwrites its result before it has read the probabilities for the last time, and its allocator
    // would reuse the memory of a source that is read once. Other sources than the first two are ignored.
    back->src[2] = probabilities;
    return back;
}

} // namespace

/**
 * The gradient of x is the same with and without a mask, biases by position or sinks: these are added to the scores, so
 * they reach it by the probabilities alone.
 */
void soft_max_back(Backward& b) {
    const ggml_tensor* mask = b.node->src[1];
    ggml_tensor* probabilities = b.contiguous_value(b.node);
    if (b.needs(0)) {
        b.add(0, soft_max_gradient(b, probabilities, float_param(b.node, 0)));
    }
    if (b.needs(1)) {
        const bool has_slopes = float_param(b.node, 1) > 0.0f;
        if (has_slopes || mask->ne[1] != b.node->ne[1]) {
            return b.miss("the gradient of a mask with slopes or padding");
        }
        b.add(1, b.sum_repeats(soft_max_gradient(b, probabilities, 1.0f), mask));
    }
    if (b.needs(2)) {
        b.miss("the gradient of attention sinks");
    }
}

namespace {

/// Turns the gradient of a rotation with the rotation's parameters: a rotation's transpose is the rotation back.
void rotate_gradient(Backward& b, ggml_op op) {
    ggml_tensor* positions = b.node->src[1];
    ggml_tensor* factors = b.node->src[2];
    if (b.needs(2)) {
        return b.miss("the gradient of frequency factors");
    }
    const int dims = int_param(b.node, 1);
    const int mode = int_param(b.node, 2);
    int sections[GGML_MROPE_SECTIONS] = {};
    ggml_tensor* rotated = (mode & GGML_ROPE_TYPE_MROPE) != 0
                               ? ggml_rope_multi(b.context, b.gradient, positions, factors, dims, sections, mode, 0,
                                                 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f)
                               : ggml_rope_ext(b.context, b.gradient, positions, factors, dims, mode, 0, 0.0f, 0.0f,
                                               0.0f, 0.0f, 0.0f, 0.0f);
    std::memcpy(rotated->op_params, b.node->op_params, sizeof(rotated->op_params));
    rotated->op = op;
    b.add(0, rotated);
}

} // namespace

void rope_back(Backward& b) {
    rotate_gradient(b, GGML_OP_ROPE_BACK);
}

void rope_back_back(Backward& b) {
    rotate_gradient(b, GGML_OP_ROPE);
}

} // namespace mixllm
