#include "gradient_case.h"

namespace mixllm {

namespace {

/// Squares the result, so that the gradient differs by element and does not depend on the seed alone.
GradientCase squared(const std::string& name, const std::vector<Leaf>& leaves,
                     const std::function<ggml_tensor*(ggml_context*, const Tensors&)>& build,
                     const std::function<Array(const Arrays&)>& evaluate) {
    return {name, leaves, [build](ggml_context* c, const Tensors& t) { return ggml_sqr(c, ggml_cont(c, build(c, t))); },
            [evaluate](const Arrays& a) { return map(evaluate(a), [](double x) { return x * x; }); }};
}

void add_copies(std::vector<GradientCase>& cases) {
    const Leaf leaf{{4, 3, 2, 2}};
    cases.push_back(squared(
        "CONT of a permuted view in another shape", {leaf},
        [](ggml_context* c, const Tensors& t) { return ggml_cont_2d(c, ggml_permute(c, t[0], 2, 0, 1, 3), 6, 8); },
        [](const Arrays& a) {
            return reshape(permute(a[0], {2, 0, 1, 3}), {6, 8, 1, 1});
        }));
    cases.push_back(squared(
        "DUP", {leaf}, [](ggml_context* c, const Tensors& t) { return ggml_dup(c, t[0]); },
        [](const Arrays& a) { return a[0]; }));
    cases.push_back(squared(
        "CPY into a view of another tensor", {leaf, constant({4, 3, 4, 2})},
        [](ggml_context* c, const Tensors& t) {
            ggml_tensor* to = ggml_view_4d(c, t[1], 4, 3, 2, 2, t[1]->nb[1], t[1]->nb[2], t[1]->nb[3], t[1]->nb[2]);
            return ggml_cpy(c, t[0], to);
        },
        [](const Arrays& a) { return a[0]; }));
    GradientCase half = squared(
        "CPY through half floats", {leaf},
        [](ggml_context* c, const Tensors& t) {
            return ggml_cast(c, ggml_permute(c, ggml_cast(c, t[0], GGML_TYPE_F16), 1, 0, 2, 3), GGML_TYPE_F32);
        },
        [](const Arrays& a) { return transpose(a[0]); });
    half.forward_bound = half.bound = 1e-3;
    cases.push_back(half);
}

void add_views(std::vector<GradientCase>& cases) {
    cases.push_back(squared(
        "RESHAPE", {{{4, 3, 2, 1}}}, [](ggml_context* c, const Tensors& t) { return ggml_reshape_2d(c, t[0], 6, 4); },
        [](const Arrays& a) {
            return reshape(a[0], {6, 4, 1, 1});
        }));
    for (const std::array<int, 4>& axes :
         {std::array<int, 4>{0, 2, 1, 3}, {1, 0, 2, 3}, {2, 0, 1, 3}, {1, 2, 0, 3}, {3, 2, 0, 1}}) {
        cases.push_back(squared(
            "PERMUTE " + std::to_string(axes[0]) + std::to_string(axes[1]) + std::to_string(axes[2]), {{{4, 3, 2, 5}}},
            [axes](ggml_context* c, const Tensors& t) {
                return ggml_permute(c, t[0], axes[0], axes[1], axes[2], axes[3]);
            },
            [axes](const Arrays& a) { return permute(a[0], axes); }));
    }
    cases.push_back(squared(
        "TRANSPOSE", {{{4, 3, 2, 1}}}, [](ggml_context* c, const Tensors& t) { return ggml_transpose(c, t[0]); },
        [](const Arrays& a) { return transpose(a[0]); }));
    cases.push_back(squared(
        "VIEW of the middle", {{{6, 5, 4, 2}}},
        [](ggml_context* c, const Tensors& t) {
            const size_t* nb = t[0]->nb;
            return ggml_view_4d(c, t[0], 3, 2, 2, 2, nb[1], nb[2], nb[3], nb[2] + 2 * nb[1] + nb[0]);
        },
        [](const Arrays& a) {
            return block(a[0], {3, 2, 2, 2}, {1, 2, 1, 0});
        }));
    cases.push_back(squared(
        "VIEW of overlapping windows", {{{8, 3, 1, 1}}},
        [](ggml_context* c, const Tensors& t) {
            return ggml_view_3d(c, t[0], 4, 2, 3, 2 * sizeof(float), t[0]->nb[1], 0);
        },
        [](const Arrays& a) {
            return fill({4, 2, 3, 1},
                        [&](int64_t i, int64_t window, int64_t r, int64_t) { return a[0].at(2 * window + i, r); });
        }));
    cases.push_back(squared(
        "VIEW of everything in another shape", {{{6, 4, 1, 1}}},
        [](ggml_context* c, const Tensors& t) { return ggml_view_1d(c, t[0], 24, 0); },
        [](const Arrays& a) {
            return reshape(a[0], {24, 1, 1, 1});
        }));
    cases.push_back(squared(
        "VIEW of a view", {{{8, 6, 1, 1}}},
        [](ggml_context* c, const Tensors& t) {
            ggml_tensor* outer = ggml_view_2d(c, t[0], 5, 4, t[0]->nb[1], t[0]->nb[1] + 2 * sizeof(float));
            return ggml_view_2d(c, outer, 3, 2, outer->nb[1], outer->nb[1] + sizeof(float));
        },
        [](const Arrays& a) {
            return block(a[0], {3, 2, 1, 1}, {3, 2, 0, 0});
        }));
    cases.push_back(squared(
        "VIEW of a permuted tensor", {{{4, 3, 5, 1}}},
        [](ggml_context* c, const Tensors& t) {
            ggml_tensor* p = ggml_permute(c, t[0], 0, 2, 1, 3); // [4, 5, 3]
            return ggml_view_3d(c, p, 2, 3, 3, p->nb[1], p->nb[2], p->nb[1] + sizeof(float));
        },
        [](const Arrays& a) {
            return block(permute(a[0], {0, 2, 1, 3}), {2, 3, 3, 1}, {1, 1, 0, 0});
        }));
    // As fused query, key and value are taken apart, and one part is used twice.
    cases.push_back({"VIEW: parts of one row multiplied",
                     {{{9, 4, 1, 1}}},
                     [](ggml_context* c, const Tensors& t) {
                         ggml_tensor* x = ggml_sin(c, t[0]);
                         const auto part = [&](size_t from) {
                             return ggml_view_2d(c, x, 3, 4, x->nb[1], from * sizeof(float));
                         };
                         return ggml_mul(c, ggml_mul(c, part(0), part(3)),
                                         ggml_add(c, part(6), ggml_view_2d(c, x, 3, 4, x->nb[1], 0)));
                     },
                     [](const Arrays& a) {
                         return fill({3, 4, 1, 1}, [&](int64_t i, int64_t r, int64_t, int64_t) {
                             const auto x = [&](int64_t from) { return std::sin(a[0].at(from + i, r)); };
                             return x(0) * x(3) * (x(6) + x(0));
                         });
                     }});
    // More views than one node has sources.
    cases.push_back({"VIEW: twelve of one tensor and the tensor itself",
                     {{{12, 3, 1, 1}}},
                     [](ggml_context* c, const Tensors& t) {
                         ggml_tensor* sum = ggml_sum_rows(c, ggml_sqr(c, t[0]));
                         for (size_t i = 0; i < 12; i++) {
                             ggml_tensor* column = ggml_view_2d(c, t[0], 1, 3, t[0]->nb[1], i * sizeof(float));
                             sum = ggml_mul(c, sum, ggml_cont(c, column));
                         }
                         return sum;
                     },
                     [](const Arrays& a) {
                         return fill({1, 3, 1, 1}, [&](int64_t, int64_t r, int64_t, int64_t) {
                             double square = 0.0, product = 1.0;
                             for (int64_t i = 0; i < 12; i++) {
                                 square += a[0].at(i, r) * a[0].at(i, r);
                                 product *= a[0].at(i, r);
                             }
                             return square * product;
                         });
                     }});
}

void add_joins(std::vector<GradientCase>& cases) {
    for (int dimension = 0; dimension < 4; dimension++) {
        Shape second{4, 3, 2, 2};
        second[dimension] += 3;
        cases.push_back(squared(
            "CONCAT along dimension " + std::to_string(dimension), {{{4, 3, 2, 2}}, {second}},
            [dimension](ggml_context* c, const Tensors& t) { return ggml_concat(c, t[0], t[1], dimension); },
            [dimension](const Arrays& a) {
                Shape shape = a[0].ne;
                shape[dimension] += a[1].ne[dimension];
                return fill(shape, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                    Shape i{i0, i1, i2, i3};
                    const bool first = i[dimension] < a[0].ne[dimension];
                    i[dimension] -= first ? 0 : a[0].ne[dimension];
                    return a[first ? 0 : 1].at(i[0], i[1], i[2], i[3]);
                });
            }));
    }
    cases.push_back(squared(
        "PAD on every side", {{{4, 3, 2, 2}}},
        [](ggml_context* c, const Tensors& t) { return ggml_pad_ext(c, t[0], 1, 2, 0, 3, 2, 0, 1, 1); },
        [](const Arrays& a) {
            Array out({7, 6, 4, 4});
            for (int64_t i3 = 0; i3 < 2; i3++) {
                for (int64_t i2 = 0; i2 < 2; i2++) {
                    for (int64_t i1 = 0; i1 < 3; i1++) {
                        for (int64_t i0 = 0; i0 < 4; i0++) {
                            out.at(i0 + 1, i1, i2 + 2, i3 + 1) = a[0].at(i0, i1, i2, i3);
                        }
                    }
                }
            }
            return out;
        }));
    cases.push_back(squared(
        "ROLL", {{{4, 3, 5, 2}}}, [](ggml_context* c, const Tensors& t) { return ggml_roll(c, t[0], 1, -2, 3, 1); },
        [](const Arrays& a) {
            return fill(a[0].ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                return a[0].repeated(i0 + 4 - 1, i1 + 2, i2 + 5 - 3, i3 + 2 - 1);
            });
        }));
    const auto write = [](bool adds) {
        return [adds](const Arrays& a) {
            Array out = a[0];
            for (int64_t r = 0; r < 2; r++) {
                for (int64_t i = 0; i < 3; i++) {
                    out.at(1 + i, 1 + r) = a[1].at(i, r) + (adds ? out.at(1 + i, 1 + r) : 0.0);
                }
            }
            return out;
        };
    };
    cases.push_back(squared(
        "SET", {{{5, 4, 1, 1}}, {{3, 2, 1, 1}}},
        [](ggml_context* c, const Tensors& t) {
            return ggml_set_2d(c, t[0], t[1], t[0]->nb[1], t[0]->nb[1] + sizeof(float));
        },
        write(false)));
    cases.push_back(squared(
        "SET in place", {{{5, 4, 1, 1}}, {{3, 2, 1, 1}}},
        [](ggml_context* c, const Tensors& t) {
            ggml_tensor* to = ggml_scale(c, t[0], 1.0f);
            return ggml_set_2d_inplace(c, to, t[1], to->nb[1], to->nb[1] + sizeof(float));
        },
        write(false)));
    cases.push_back(squared(
        "ACC", {{{5, 4, 1, 1}}, {{3, 2, 1, 1}}},
        [](ggml_context* c, const Tensors& t) {
            return ggml_acc(c, t[0], t[1], t[0]->nb[1], t[0]->nb[2], t[0]->nb[3], t[0]->nb[1] + sizeof(float));
        },
        write(true)));
}

void add_triangles(std::vector<GradientCase>& cases) {
    const struct {
        const char* name;
        ggml_tri_type type;
        bool (*kept)(int64_t column, int64_t row);
    } triangles[] = {
        {"TRI lower", GGML_TRI_TYPE_LOWER, [](int64_t c, int64_t r) { return c < r; }},
        {"TRI lower with its diagonal", GGML_TRI_TYPE_LOWER_DIAG, [](int64_t c, int64_t r) { return c <= r; }},
        {"TRI upper", GGML_TRI_TYPE_UPPER, [](int64_t c, int64_t r) { return c > r; }},
        {"TRI upper with its diagonal", GGML_TRI_TYPE_UPPER_DIAG, [](int64_t c, int64_t r) { return c >= r; }},
    };
    for (const auto& triangle : triangles) {
        cases.push_back(squared(
            triangle.name, {{{4, 4, 2, 2}}},
            [triangle](ggml_context* c, const Tensors& t) { return ggml_tri(c, t[0], triangle.type); },
            [triangle](const Arrays& a) {
                return fill(a[0].ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                    return triangle.kept(i0, i1) ? a[0].at(i0, i1, i2, i3) : 0.0;
                });
            }));
    }
    cases.push_back(squared(
        "DIAG", {{{4, 1, 3, 2}}}, [](ggml_context* c, const Tensors& t) { return ggml_diag(c, t[0]); },
        [](const Arrays& a) {
            return fill({4, 4, 3, 2}, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                return i0 == i1 ? a[0].at(i0, 0, i2, i3) : 0.0;
            });
        }));
    // An infinite result has no difference to take, so the masked scores go through a softmax.
    cases.push_back({"DIAG_MASK_INF",
                     {{{6, 4, 2, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_soft_max(c, ggml_diag_mask_inf(c, t[0], 2)); },
                     [](const Arrays& a) {
                         return fill(a[0].ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                             double sum = 0.0;
                             for (int64_t i = 0; i <= i1 + 2; i++) {
                                 sum += std::exp(a[0].at(i, i1, i2, i3));
                             }
                             return i0 <= i1 + 2 ? std::exp(a[0].at(i0, i1, i2, i3)) / sum : 0.0;
                         });
                     }});
    cases.push_back(squared(
        "DIAG_MASK_ZERO", {{{6, 4, 2, 1}}},
        [](ggml_context* c, const Tensors& t) { return ggml_diag_mask_zero(c, t[0], 1); },
        [](const Arrays& a) {
            return fill(a[0].ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                return i0 <= i1 + 1 ? a[0].at(i0, i1, i2, i3) : 0.0;
            });
        }));
}

} // namespace

std::vector<GradientCase> shape_cases() {
    std::vector<GradientCase> cases;
    add_copies(cases);
    add_views(cases);
    add_joins(cases);
    add_triangles(cases);
    return cases;
}

} // namespace mixllm
