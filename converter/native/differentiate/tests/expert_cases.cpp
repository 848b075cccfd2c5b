#include <memory>

#include "../experts.h"
#include "gradient_case.h"

namespace mixllm {

namespace {

int64_t whole(double x) {
    return static_cast<int64_t>(x);
}

/// x `[n, m, e2, e3]`, ids `[k, e2, e3]`
Array rows(const Array& x, const Array& ids) {
    return fill({x.ne[0], ids.ne[0], x.ne[2], x.ne[3]}, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        return x.at(i0, whole(ids.at(i1, i2, i3)), i2, i3);
    });
}

/// weights `[K, M, experts]`, x `[K, used or less, T]`, ids `[used, T]`
Array experts(const Array& weights, const Array& x, const Array& ids) {
    return fill({weights.ne[1], ids.ne[0], x.ne[2], 1}, [&](int64_t m, int64_t slot, int64_t token, int64_t) {
        double sum = 0.0;
        for (int64_t k = 0; k < weights.ne[0]; k++) {
            sum += weights.at(k, m, whole(ids.at(slot, token))) * x.repeated(k, slot, token, 0);
        }
        return sum;
    });
}

GradientCase set_rows(const std::string& name, const Shape& to, const Shape& from, const Leaf& ids) {
    return {name,
            {{to}, {from}, ids},
            [](ggml_context* c, const Tensors& t) {
                ggml_tensor* copy = ggml_scale(c, t[0], 1.0f);
                return ggml_sqr(c, ggml_cont(c, ggml_set_rows(c, copy, t[1], t[2])));
            },
            [](const Arrays& a) {
                Array out = a[0];
                for (int64_t i3 = 0; i3 < a[1].ne[3]; i3++) {
                    for (int64_t i2 = 0; i2 < a[1].ne[2]; i2++) {
                        for (int64_t i1 = 0; i1 < a[1].ne[1]; i1++) {
                            const int64_t row = whole(a[2].repeated(i1, i2, i3, 0));
                            for (int64_t i0 = 0; i0 < out.ne[0]; i0++) {
                                out.at(i0, row, i2, i3) = a[1].at(i0, i1, i2, i3);
                            }
                        }
                    }
                }
                return map(out, [](double x) { return x * x; });
            }};
}

} // namespace

std::vector<GradientCase> expert_cases() {
    std::vector<GradientCase> cases;
    const struct {
        const char* name;
        Shape x;
        Leaf ids;
    } selections[] = {
        {"GET_ROWS", {5, 6, 1, 1}, row_numbers({4, 1, 1, 1}, 6)},
        {"GET_ROWS with repeated rows", {5, 3, 1, 1}, row_numbers({8, 1, 1, 1}, 3)},
        {"GET_ROWS of the chosen experts' weights", {1, 8, 5, 1}, row_numbers({3, 5, 1, 1}, 8)},
        {"GET_ROWS of batches", {4, 6, 3, 2}, row_numbers({4, 3, 2, 1}, 6)},
    };
    for (const auto& selection : selections) {
        cases.push_back({selection.name,
                         {{selection.x}, selection.ids},
                         [](ggml_context* c, const Tensors& t) { return ggml_get_rows(c, t[0], t[1]); },
                         [](const Arrays& a) { return rows(a[0], a[1]); }});
    }
    cases.push_back(set_rows("SET_ROWS", {5, 8, 1, 1}, {5, 3, 1, 1}, row_numbers({3, 1, 1, 1}, 8, GGML_TYPE_I64)));
    cases.push_back(
        set_rows("SET_ROWS of heads", {5, 8, 4, 2}, {5, 3, 4, 2}, row_numbers({3, 2, 1, 1}, 8, GGML_TYPE_I64)));
    cases.push_back(set_rows("SET_ROWS with 32-bit numbers", {5, 8, 2, 1}, {5, 3, 2, 1}, row_numbers({3, 2, 1, 1}, 8)));

    for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16}) {
        for (const int64_t slots : {1, 2, 4}) { // of four used experts
            cases.push_back(
                {std::string("MUL_MAT_ID with weights of ") + ggml_type_name(type) + " and " + std::to_string(slots) +
                     " inputs a token",
                 {{{40, 11, 6, 1}, Values::normal, false, type}, {{40, slots, 3, 1}}, row_numbers({4, 3, 1, 1}, 6)},
                 [](ggml_context* c, const Tensors& t) { return ggml_mul_mat_id(c, t[0], t[1], t[2]); },
                 [](const Arrays& a) { return experts(a[0], a[1], a[2]); },
                 type == GGML_TYPE_F32 ? 1e-5 : 1e-2});
        }
    }
    // Tiles of channels and of inputs, none of them full, and experts without any.
    for (const int64_t slots : {1, 4}) {
        cases.push_back({"products of experts read by rows, " + std::to_string(slots) + " inputs a token",
                         {constant({96, 21, 6, 1}), {{96, slots, 45, 1}}, row_numbers({4, 45, 1, 1}, 5)},
                         [](ggml_context* c, const Tensors& t) {
                             static std::vector<std::unique_ptr<TensorRows>> rows; // outlive the graphs
                             rows.push_back(std::make_unique<TensorRows>(t[0]));
                             t[0]->extra = rows.back().get();
                             return multiply_experts(c, t[0], t[1], t[2]);
                         },
                         [](const Arrays& a) { return experts(a[0], a[1], a[2]); }});
    }
    cases.push_back({"ADD_ID",
                     {{{5, 3, 4, 1}}, constant({5, 6, 1, 1}), row_numbers({3, 4, 1, 1}, 6)},
                     [](ggml_context* c, const Tensors& t) { return ggml_sqr(c, ggml_add_id(c, t[0], t[1], t[2])); },
                     [](const Arrays& a) {
                         return fill(a[0].ne, [&](int64_t i0, int64_t slot, int64_t token, int64_t) {
                             const double sum = a[0].at(i0, slot, token) + a[1].at(i0, whole(a[2].at(slot, token)));
                             return sum * sum;
                         });
                     }});
    // Router, choice, experts and their weights, as a layer chains them; the choice itself has no gradient.
    cases.push_back(
        {"a mixture of experts",
         {{{8, 5, 1, 1}}, constant({8, 6, 1, 1}), constant({8, 8, 6, 1})},
         [](ggml_context* c, const Tensors& t) {
             constexpr int64_t used = 2, tokens = 5;
             ggml_tensor* probabilities = ggml_soft_max(c, ggml_mul_mat(c, t[1], t[0]));
             ggml_tensor* chosen = ggml_argsort_top_k(c, probabilities, used);
             ggml_tensor* weights =
                 ggml_get_rows(c, ggml_reshape_3d(c, probabilities, 1, 6, tokens), chosen); // [1, used, tokens]
             ggml_tensor* outputs = ggml_mul_mat_id(c, t[2], ggml_reshape_3d(c, t[0], 8, 1, tokens), chosen);
             ggml_tensor* weighted = ggml_mul(c, outputs, weights);
             const auto part = [&](size_t i) {
                 return ggml_view_2d(c, weighted, 8, tokens, weighted->nb[2], i * weighted->nb[1]);
             };
             return ggml_add(c, part(0), part(1));
         },
         [](const Arrays& a) {
             Array out({8, 5, 1, 1});
             for (int64_t token = 0; token < 5; token++) {
                 double probability[6], sum = 0.0;
                 for (int64_t e = 0; e < 6; e++) {
                     double score = 0.0;
                     for (int64_t k = 0; k < 8; k++) {
                         score += a[1].at(k, e) * a[0].at(k, token);
                     }
                     sum += probability[e] = std::exp(score);
                 }
                 for (int64_t e = 0; e < 6; e++) {
                     int64_t better = 0;
                     for (int64_t other = 0; other < 6; other++) {
                         better += probability[other] > probability[e];
                     }
                     for (int64_t m = 0; m < 8 && better < 2; m++) {
                         for (int64_t k = 0; k < 8; k++) {
                             out.at(m, token) += probability[e] / sum * a[2].at(k, m, e) * a[0].at(k, token);
                         }
                     }
                 }
             }
             return out;
         }});
    return cases;
}

} // namespace mixllm
