#include "backward.h"
#include "op_params.h"
#include "rules.h"

namespace mixllm {

namespace {

/// Elements of `gradient` as a view: shape of `like`, the first at index `from` of each dimension.
ggml_tensor* block_of(Backward& b, const ggml_tensor* like, const std::array<int64_t, 4>& from) {
    ggml_tensor* g = b.gradient;
    size_t offset = 0;
    for (int d = 0; d < 4; d++) {
        offset += from[d] * g->nb[d];
    }
    return ggml_view_4d(b.context, g, like->ne[0], like->ne[1], like->ne[2], like->ne[3], g->nb[1], g->nb[2], g->nb[3],
                        offset);
}

/// Where a view into an earlier tensor lies; strides and offset in bytes of the tensor's type.
Placement placement_in(const ggml_tensor* target, const size_t nb[4], size_t offset) {
    const int64_t size = static_cast<int64_t>(ggml_type_size(target->type));
    const auto elements = [&](size_t bytes) { return static_cast<int64_t>(bytes) / size; };
    return {{1, elements(nb[1]), elements(nb[2]), elements(nb[3])}, elements(offset)};
}

} // namespace

/// A copy of other type, layout or shape; the gradient stays in floats.
void copy_back(Backward& b) {
    b.needs(0) ? b.add(0, ggml_reshape(b.context, b.gradient, b.node->src[0])) : void();
}

void reshape_back(Backward& b) {
    b.add(0, ggml_reshape(b.context, b.gradient, b.node->src[0]));
}

void view_back(Backward& b) {
    ggml_tensor* view = b.node;
    if (ggml_is_quantized(view->type)) {
        return b.miss("a view of quantized values");
    }
    // A view's strides are those of memory, so its place is found in the nearest tensor that lies there unpermuted.
    ggml_tensor* target = view->src[0];
    while (!ggml_is_contiguous(target)) {
        const bool goes_on = target->op == GGML_OP_VIEW || target->op == GGML_OP_PERMUTE ||
                             target->op == GGML_OP_TRANSPOSE || target->op == GGML_OP_RESHAPE;
        if (!goes_on || b.wanted(target)) {
            return b.miss("a view of values that are not contiguous");
        }
        target = target->src[0];
    }
    const size_t offset = view->view_offs - (target->view_src != nullptr ? target->view_offs : 0);
    if (offset == 0 && ggml_is_contiguous(view) && ggml_nelements(view) == ggml_nelements(target) &&
        target == view->src[0]) {
        return b.add(0, ggml_reshape(b.context, b.gradient, target));
    }
    b.place(target, b.gradient, placement_in(target, view->nb, offset));
}

void permute_back(Backward& b) {
    int back[4];
    for (int i = 0; i < 4; i++) {
        back[int_param(b.node, i)] = i;
    }
    b.add(0, ggml_permute(b.context, b.gradient, back[0], back[1], back[2], back[3]));
}

void transpose_back(Backward& b) {
    b.add(0, ggml_transpose(b.context, b.gradient));
}

void concat_back(Backward& b) {
    const int dimension = int_param(b.node, 0);
    if (b.needs(0)) {
        b.add(0, block_of(b, b.node->src[0], {}));
    }
    if (b.needs(1)) {
        std::array<int64_t, 4> from{};
        from[dimension] = b.node->src[0]->ne[dimension];
        b.add(1, block_of(b, b.node->src[1], from));
    }
}

void pad_back(Backward& b) {
    if (int_param(b.node, 8) != 0) {
        return b.miss("circular padding");
    }
    std::array<int64_t, 4> from{};
    for (int d = 0; d < 4; d++) {
        from[d] = int_param(b.node, 2 * d);
    }
    b.add(0, block_of(b, b.node->src[0], from));
}

void roll_back(Backward& b) {
    b.add(0, ggml_roll(b.context, b.gradient, -int_param(b.node, 0), -int_param(b.node, 1), -int_param(b.node, 2),
                       -int_param(b.node, 3)));
}

namespace {

/// The part of the gradient that `SET` and `ACC` write to, in the shape of their second source.
ggml_tensor* written_part(Backward& b) {
    const ggml_tensor* y = b.node->src[1];
    return ggml_view_4d(b.context, b.gradient, y->ne[0], y->ne[1], y->ne[2], y->ne[3], int_param(b.node, 0),
                        int_param(b.node, 1), int_param(b.node, 2), int_param(b.node, 3));
}

} // namespace

void set_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.gradient);
        const size_t nb[4] = {0, static_cast<size_t>(int_param(b.node, 0)), static_cast<size_t>(int_param(b.node, 1)),
                              static_cast<size_t>(int_param(b.node, 2))};
        ggml_tensor* overwritten = ggml_neg(b.context, ggml_cont(b.context, written_part(b)));
        b.place(b.node->src[0], overwritten, placement_in(b.gradient, nb, int_param(b.node, 3)));
    }
    if (b.needs(1)) {
        b.add(1, written_part(b));
    }
}

void acc_back(Backward& b) {
    if (b.needs(0)) {
        b.add(0, b.gradient);
    }
    if (b.needs(1)) {
        b.add(1, written_part(b));
    }
}

} // namespace mixllm
