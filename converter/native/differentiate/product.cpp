#include "backward.h"
#include "rules.h"

namespace mixllm {

namespace {

/// `ggml_mul_mat` that accumulates in float whatever the device prefers.
ggml_tensor* multiply(Backward& b, ggml_tensor* x, ggml_tensor* y) {
    ggml_tensor* product = ggml_mul_mat(b.context, x, y);
    ggml_prec_set_acc(product, GGML_PREC_F32);
    return product;
}

ggml_tensor* transpose(Backward& b, ggml_tensor* x) {
    return ggml_cont(b.context, ggml_transpose(b.context, x));
}

/// The transpose of the product's first source as floats.
ggml_tensor* transposed_operand(Backward& b, ggml_tensor* x) {
    if (!b.needs(0)) {
        if (ggml_tensor* prepared = b.prepared_transpose(x)) {
            return prepared;
        }
    }
    b.require_values(x);
    // What was copied from a transposed view needs no second copy.
    if (x->op == GGML_OP_CONT && ggml_are_same_shape(x, x->src[0]) && x->src[0]->type == GGML_TYPE_F32) {
        ggml_tensor* original = ggml_transpose(b.context, x->src[0]);
        if (original->nb[0] == sizeof(float) && !ggml_is_transposed(original) && !b.overwritten(x->src[0])) {
            return original;
        }
    }
    if (ggml_is_quantized(x->type)) {
        x = ggml_cast(b.context, x, GGML_TYPE_F32);
    }
    ggml_tensor* view = ggml_transpose(b.context, x);
    return x->type == GGML_TYPE_F32 ? ggml_cont(b.context, view) : ggml_cast(b.context, view, GGML_TYPE_F32);
}

/**
 * Gradient of the first source: the outer products of the second source's columns with the gradient's, summed over them
 * and over the heads that share a matrix.
 *
 * @param x `[K, P, n2, n3]`
 * @param gradient `[M, P, n2, n3]`
 * @param like `[K, M, m2, m3]` where m2 divides n2 and m3 divides n3
 */
ggml_tensor* sum_of_outer_products(Backward& b, ggml_tensor* x, ggml_tensor* gradient, const ggml_tensor* like) {
    const int64_t sharing = x->ne[2] / like->ne[2];
    const auto columns_first = [&](ggml_tensor* t) {
        if (sharing > 1) { // heads that share a matrix are neighbours, so their columns form one longer axis
            t = b.contiguous(t);
            t = ggml_reshape_4d(b.context, t, t->ne[0], t->ne[1] * sharing, like->ne[2], t->ne[3]);
        }
        return transpose(b, t);
    };
    ggml_tensor* sum = multiply(b, columns_first(x), columns_first(gradient)); // [K, M, m2, n3]
    const int64_t repeats = x->ne[3] / like->ne[3];
    if (repeats > 1) {
        ggml_tensor* by_repeat =
            ggml_reshape_3d(b.context, sum, ggml_nelements(like) / like->ne[3], repeats, like->ne[3]);
        sum = ggml_sum_rows(b.context, transpose(b, by_repeat));
        sum = ggml_reshape_4d(b.context, sum, like->ne[0], like->ne[1], like->ne[2], like->ne[3]);
    }
    return sum;
}

} // namespace

void mul_mat_back(Backward& b) {
    ggml_tensor* x = b.node->src[0]; // [K, M, m2, m3]
    ggml_tensor* y = b.node->src[1]; // [K, P, n2, n3]
    if (b.needs(1)) {
        b.add(1, multiply(b, transposed_operand(b, x), b.gradient));
    }
    if (b.needs(0)) {
        b.add(0, sum_of_outer_products(b, b.value(y), b.gradient, x));
    }
}

/// node[i, j] = sum over k of x[i, k] * y[j, k]
void out_prod_back(Backward& b) {
    ggml_tensor* x = b.node->src[0]; // [I, K, m2, m3]
    ggml_tensor* y = b.node->src[1]; // [J, K, n2, n3]
    if (b.needs(0)) {
        ggml_tensor* by_row = ggml_transpose(b.context, b.value(y));
        b.add(0, sum_of_outer_products(b, b.gradient, by_row, x));
    }
    if (b.needs(1)) {
        b.add(1, ggml_transpose(b.context, multiply(b, b.value(x), b.gradient)));
    }
}

} // namespace mixllm
