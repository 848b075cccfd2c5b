#include "gradient_case.h"

namespace mixllm {

namespace {

double row_sum(const Array& x, int64_t i1, int64_t i2, int64_t i3) {
    double sum = 0.0;
    for (int64_t i0 = 0; i0 < x.ne[0]; i0++) {
        sum += x.at(i0, i1, i2, i3);
    }
    return sum;
}

Array row_sums(const Array& x) {
    return fill({1, x.ne[1], x.ne[2], x.ne[3]},
                [&](int64_t, int64_t i1, int64_t i2, int64_t i3) { return row_sum(x, i1, i2, i3); });
}

/// The sum of squared deviations' root over `[ne0, ne1, channels]` of each group of channels.
Array group_norm(const Array& x, int64_t groups, double epsilon) {
    const int64_t width = (x.ne[2] + groups - 1) / groups;
    return fill(x.ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        const int64_t first = i2 / width * width, last = std::min(x.ne[2], first + width);
        const double count = static_cast<double>(x.ne[0] * x.ne[1] * (last - first));
        double sum = 0.0, square = 0.0;
        for (int64_t c = first; c < last; c++) {
            for (int64_t b = 0; b < x.ne[1]; b++) {
                for (int64_t a = 0; a < x.ne[0]; a++) {
                    sum += x.at(a, b, c, i3);
                    square += x.at(a, b, c, i3) * x.at(a, b, c, i3);
                }
            }
        }
        const double mean = sum / count;
        return (x.at(i0, i1, i2, i3) - mean) / std::sqrt(square / count - mean * mean + epsilon);
    });
}

Array norm(const Array& x, double epsilon) {
    const Array one_row_per_group = reshape(x, {x.ne[0], 1, x.ne[1] * x.ne[2] * x.ne[3], 1});
    return reshape(group_norm(one_row_per_group, one_row_per_group.ne[2], epsilon), x.ne);
}

Array scaled_rows(const Array& x, double (*scale)(double square, double count)) {
    return fill(x.ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        const double square = row_sum(map(x, [](double value) { return value * value; }), i1, i2, i3);
        return x.at(i0, i1, i2, i3) * scale(square, static_cast<double>(x.ne[0]));
    });
}

constexpr float epsilon = 0.125f;

/// A view of `[6, 5, 2]` that skips elements of each row of `[9, 5, 2]`.
ggml_tensor* narrow(ggml_context* c, ggml_tensor* x) {
    return ggml_view_3d(c, x, 6, 5, 2, x->nb[1], x->nb[2], 2 * sizeof(float));
}

Array narrow(const Array& x) {
    return block(x, {6, 5, 2, 1}, {2, 0, 0, 0});
}

} // namespace

std::vector<GradientCase> reduction_cases() {
    const Leaf leaf{{6, 5, 2, 2}};
    const Leaf wide{{9, 5, 2, 1}};
    std::vector<GradientCase> cases;
    cases.push_back({"SUM",
                     {leaf},
                     [](ggml_context* c, const Tensors& t) { return ggml_sum(c, t[0]); },
                     [](const Arrays& a) {
                         return row_sums(reshape(a[0], {static_cast<int64_t>(a[0].values.size()), 1, 1, 1}));
                     },
                     1e-4});
    cases.push_back({"SUM_ROWS",
                     {leaf},
                     [](ggml_context* c, const Tensors& t) { return ggml_sum_rows(c, t[0]); },
                     [](const Arrays& a) { return row_sums(a[0]); }});
    cases.push_back({"MEAN",
                     {leaf},
                     [](ggml_context* c, const Tensors& t) { return ggml_mean(c, t[0]); },
                     [](const Arrays& a) {
                         return map(row_sums(a[0]), [&](double sum) { return sum / static_cast<double>(a[0].ne[0]); });
                     }});
    cases.push_back({"CUMSUM",
                     {leaf},
                     [](ggml_context* c, const Tensors& t) { return ggml_cumsum(c, t[0]); },
                     [](const Arrays& a) {
                         Array sum = a[0];
                         for (size_t i = 1; i < sum.values.size(); i++) {
                             if (i % static_cast<size_t>(sum.ne[0]) != 0) {
                                 sum.values[i] += sum.values[i - 1];
                             }
                         }
                         return sum;
                     }});
    cases.push_back({"REPEAT",
                     {{{3, 1, 2, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_repeat_4d(c, t[0], 6, 4, 4, 3); },
                     [](const Arrays& a) {
                         return fill({6, 4, 4, 3}, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                             return a[0].repeated(i0, i1, i2, i3);
                         });
                     }});
    cases.push_back({"REPEAT_BACK",
                     {{{6, 4, 4, 1}}},
                     [](ggml_context* c, const Tensors& t) {
                         return ggml_repeat_back(c, t[0], ggml_new_tensor_3d(c, GGML_TYPE_F32, 3, 2, 4));
                     },
                     [](const Arrays& a) {
                         return fill({3, 2, 4, 1}, [&](int64_t i0, int64_t i1, int64_t i2, int64_t) {
                             return a[0].at(i0, i1, i2) + a[0].at(i0 + 3, i1, i2) + a[0].at(i0, i1 + 2, i2) +
                                    a[0].at(i0 + 3, i1 + 2, i2);
                         });
                     }});

    const struct {
        const char* name;
        ggml_tensor* (*op)(ggml_context*, ggml_tensor*);
        Array (*function)(const Array&);
    } norms[] = {
        {"RMS_NORM", [](ggml_context* c, ggml_tensor* x) { return ggml_rms_norm(c, x, epsilon); },
         [](const Array& x) {
             return scaled_rows(x, [](double square, double n) { return 1.0 / std::sqrt(square / n + epsilon); });
         }},
        {"NORM", [](ggml_context* c, ggml_tensor* x) { return ggml_norm(c, x, epsilon); },
         [](const Array& x) { return norm(x, epsilon); }},
        {"L2_NORM", [](ggml_context* c, ggml_tensor* x) { return ggml_l2_norm(c, x, epsilon); },
         [](const Array& x) {
             return scaled_rows(
                 x, [](double square, double) { return 1.0 / std::max<double>(std::sqrt(square), epsilon); });
         }},
        {"L2_NORM of short vectors", [](ggml_context* c, ggml_tensor* x) { return ggml_l2_norm(c, x, 1000.0f); },
         [](const Array& x) { return map(x, [](double value) { return value / 1000.0; }); }},
    };
    for (const auto& n : norms) {
        cases.push_back({n.name,
                         {leaf},
                         [n](ggml_context* c, const Tensors& t) { return n.op(c, t[0]); },
                         [n](const Arrays& a) { return n.function(a[0]); }});
        cases.push_back({std::string(n.name) + " of a view",
                         {wide},
                         [n](ggml_context* c, const Tensors& t) { return n.op(c, narrow(c, t[0])); },
                         [n](const Arrays& a) { return n.function(narrow(a[0])); }});
        cases.push_back({std::string(n.name) + " times a weight, as a layer does",
                         {leaf, constant({6, 1, 1, 1})},
                         [n](ggml_context* c, const Tensors& t) { return ggml_mul(c, n.op(c, t[0]), t[1]); },
                         [n](const Arrays& a) {
                             return map(n.function(a[0]), a[1], [](double x, double weight) { return x * weight; });
                         }});
    }
    for (const int64_t groups : {1, 2, 3}) { // three groups of five channels: the last is smaller
        cases.push_back({"GROUP_NORM of " + std::to_string(groups) + " groups",
                         {{{3, 2, 5, 2}}},
                         [groups](ggml_context* c, const Tensors& t) {
                             return ggml_group_norm(c, t[0], static_cast<int>(groups), epsilon);
                         },
                         [groups](const Arrays& a) { return group_norm(a[0], groups, epsilon); }});
    }
    return cases;
}

} // namespace mixllm
