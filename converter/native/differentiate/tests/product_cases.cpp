#include "gradient_case.h"

namespace mixllm {

namespace {

/// result[m, p] = sum over k of x[k, m] * y[k, p]; matrices of x are shared by neighbouring ones of y.
Array product(const Array& x, const Array& y) {
    const int64_t share2 = y.ne[2] / x.ne[2], share3 = y.ne[3] / x.ne[3];
    return fill({x.ne[1], y.ne[1], y.ne[2], y.ne[3]}, [&](int64_t m, int64_t p, int64_t i2, int64_t i3) {
        double sum = 0.0;
        for (int64_t k = 0; k < x.ne[0]; k++) {
            sum += x.at(k, m, i2 / share2, i3 / share3) * y.at(k, p, i2, i3);
        }
        return sum;
    });
}

Array outer_products(const Array& x, const Array& y) {
    return product(transpose(x), transpose(y));
}

ggml_tensor* multiply(ggml_context* c, const Tensors& t) {
    return ggml_mul_mat(c, t[0], t[1]);
}

Array evaluate_product(const Arrays& a) {
    return product(a[0], a[1]);
}

} // namespace

std::vector<GradientCase> product_cases() {
    std::vector<GradientCase> cases;
    const struct {
        const char* name;
        Shape x, y;
    } shapes[] = {
        {"MUL_MAT", {5, 4, 1, 1}, {5, 3, 1, 1}},
        {"MUL_MAT of batches", {5, 4, 2, 3}, {5, 3, 2, 3}},
        {"MUL_MAT of heads that share a matrix", {5, 4, 2, 1}, {5, 3, 6, 1}},
        {"MUL_MAT of batches of heads that share a matrix", {5, 4, 2, 3}, {5, 3, 6, 3}},
        {"MUL_MAT of batches that share matrices", {5, 4, 2, 2}, {5, 3, 4, 6}},
        {"MUL_MAT of one column", {5, 4, 1, 1}, {5, 1, 3, 1}},
    };
    for (const auto& shape : shapes) {
        cases.push_back({shape.name, {{shape.x}, {shape.y}}, multiply, evaluate_product});
    }
    for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16}) {
        // ggml rounds the activations to the weight's type, the gradient is not rounded.
        cases.push_back({std::string("MUL_MAT with a weight of ") + ggml_type_name(type),
                         {{{32, 6, 1, 1}, Values::normal, false, type}, {{32, 3, 2, 1}}},
                         multiply,
                         evaluate_product,
                         type == GGML_TYPE_F32 ? 1e-5 : 1e-2});
    }
    cases.push_back({"MUL_MAT of permuted views",
                     {{{5, 2, 4, 1}}, {{5, 4, 3, 1}}},
                     [](ggml_context* c, const Tensors& t) {
                         return ggml_mul_mat(c, ggml_permute(c, t[0], 0, 2, 1, 3), ggml_permute(c, t[1], 0, 2, 1, 3));
                     },
                     [](const Arrays& a) {
                         return product(permute(a[0], {0, 2, 1, 3}), permute(a[1], {0, 2, 1, 3}));
                     }});
    cases.push_back(
        {"MUL_MAT with a transposed copy",
         {{{4, 5, 2, 1}}, {{5, 3, 4, 1}}},
         [](ggml_context* c, const Tensors& t) { return ggml_mul_mat(c, ggml_cont(c, ggml_transpose(c, t[0])), t[1]); },
         [](const Arrays& a) { return product(transpose(a[0]), a[1]); }});
    cases.push_back({"MUL_MAT with a slice of a weight",
                     {constant({8, 6, 1, 1}), {{5, 3, 1, 1}}},
                     [](ggml_context* c, const Tensors& t) {
                         return ggml_mul_mat(c, ggml_view_2d(c, t[0], 5, 4, t[0]->nb[1], t[0]->nb[1]), t[1]);
                     },
                     [](const Arrays& a) {
                         return product(block(a[0], {5, 4, 1, 1}, {0, 1, 0, 0}), a[1]);
                     }});
    cases.push_back({"MUL_MAT of a tensor by itself",
                     {{{5, 4, 2, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_mul_mat(c, t[0], t[0]); },
                     [](const Arrays& a) { return product(a[0], a[0]); }});
    cases.push_back({"OUT_PROD",
                     {{{5, 4, 2, 1}}, {{3, 4, 2, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_out_prod(c, t[0], t[1]); },
                     [](const Arrays& a) { return outer_products(a[0], a[1]); }});
    cases.push_back({"OUT_PROD of heads that share a matrix",
                     {{{5, 4, 2, 1}}, {{3, 4, 6, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_out_prod(c, t[0], t[1]); },
                     [](const Arrays& a) { return outer_products(a[0], a[1]); }});
    // The diagonal is kept away from zero.
    cases.push_back({"SOLVE_TRI",
                     {{{4, 4, 2, 2}, Values::positive}, {{3, 4, 2, 2}}},
                     [](ggml_context* c, const Tensors& t) {
                         return ggml_solve_tri(c, ggml_tri(c, t[0], GGML_TRI_TYPE_LOWER_DIAG), t[1], true, true, false);
                     },
                     [](const Arrays& a) {
                         Array x(a[1].ne);
                         for (int64_t i3 = 0; i3 < 2; i3++) {
                             for (int64_t i2 = 0; i2 < 2; i2++) {
                                 for (int64_t column = 0; column < 3; column++) {
                                     for (int64_t r = 0; r < 4; r++) {
                                         double rest = a[1].at(column, r, i2, i3);
                                         for (int64_t k = 0; k < r; k++) {
                                             rest -= a[0].at(k, r, i2, i3) * x.at(column, k, i2, i3);
                                         }
                                         x.at(column, r, i2, i3) = rest / a[0].at(r, r, i2, i3);
                                     }
                                 }
                             }
                         }
                         return x;
                     },
                     1e-5,
                     2e-5});
    return cases;
}

} // namespace mixllm
