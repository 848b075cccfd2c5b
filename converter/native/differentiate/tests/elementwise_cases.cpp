#include <algorithm>

#include "gradient_case.h"

namespace mixllm {

namespace {

using Unary = ggml_tensor* (*)(ggml_context*, ggml_tensor*);
using Binary = ggml_tensor* (*)(ggml_context*, ggml_tensor*, ggml_tensor*);
using Function = double (*)(double);
using Function2 = double (*)(double, double);

GradientCase unary(const std::string& name, const Leaf& leaf, Unary op, Function function) {
    return {name,
            {leaf},
            [op](ggml_context* c, const Tensors& t) { return op(c, t[0]); },
            [function](const Arrays& a) { return map(a[0], function); }};
}

void add_binary(std::vector<GradientCase>& cases, const std::string& name, Binary op, Function2 function) {
    const struct {
        const char* name;
        Shape first, second;
    } shapes[] = {
        {"", {5, 3, 2, 2}, {5, 3, 2, 2}},
        {" by a row", {5, 3, 2, 2}, {5, 1, 1, 1}},
        {" by one number", {5, 3, 1, 1}, {1, 1, 1, 1}},
        {" by a column", {5, 3, 2, 1}, {1, 3, 2, 1}},
        {" by tiles", {6, 4, 4, 2}, {3, 2, 2, 1}},
    };
    for (const auto& shape : shapes) {
        cases.push_back({name + shape.name,
                         {{shape.first}, {shape.second, Values::positive}},
                         [op](ggml_context* c, const Tensors& t) { return op(c, t[0], t[1]); },
                         [function](const Arrays& a) { return map(a[0], a[1], function); }});
    }
    cases.push_back({name + " of views",
                     {{{4, 3, 2, 1}}, {{3, 2, 4, 1}, Values::positive}},
                     [op](ggml_context* c, const Tensors& t) {
                         ggml_tensor* y = ggml_permute(c, t[1], 1, 2, 0, 3); // [4, 3, 2], rows not contiguous
                         return op(c, ggml_permute(c, ggml_cont(c, ggml_permute(c, t[0], 0, 2, 1, 3)), 0, 2, 1, 3),
                                   ggml_cont(c, y));
                     },
                     [function](const Arrays& a) {
                         return map(a[0], permute(a[1], {1, 2, 0, 3}), function);
                     }});
    cases.push_back({name + " of a tensor by itself",
                     {{{4, 3, 1, 1}, Values::positive}},
                     [op](ggml_context* c, const Tensors& t) { return op(c, t[0], t[0]); },
                     [function](const Arrays& a) { return map(a[0], a[0], function); }});
}

} // namespace

std::vector<GradientCase> elementwise_cases() {
    std::vector<GradientCase> cases;
    add_binary(cases, "ADD", ggml_add, [](double x, double y) { return x + y; });
    add_binary(cases, "SUB", ggml_sub, [](double x, double y) { return x - y; });
    add_binary(cases, "MUL", ggml_mul, [](double x, double y) { return x * y; });
    add_binary(cases, "DIV", ggml_div, [](double x, double y) { return x / y; });

    const Leaf any{{5, 3, 2, 1}};
    const Leaf positive{{5, 3, 2, 1}, Values::positive};
    cases.push_back(unary("SQR", any, ggml_sqr, [](double x) { return x * x; }));
    cases.push_back(unary("SQRT", positive, ggml_sqrt, [](double x) { return std::sqrt(x); }));
    cases.push_back(unary("LOG", positive, ggml_log, [](double x) { return std::log(x); }));
    cases.push_back(unary("SIN", any, ggml_sin, [](double x) { return std::sin(x); }));
    cases.push_back(unary("COS", any, ggml_cos, [](double x) { return std::cos(x); }));
    cases.push_back(unary(
        "SCALE with a bias", any, [](ggml_context* c, ggml_tensor* x) { return ggml_scale_bias(c, x, -1.5f, 0.25f); },
        [](double x) { return -1.5 * x + 0.25; }));
    cases.push_back(unary(
        "SCALE in place", any,
        [](ggml_context* c, ggml_tensor* x) { return ggml_scale_inplace(c, ggml_sqr(c, x), 3.0f); },
        [](double x) { return 3.0 * x * x; }));
    cases.push_back(unary(
        "CLAMP", any, [](ggml_context* c, ggml_tensor* x) { return ggml_clamp(c, ggml_cont(c, x), -0.5f, 0.8f); },
        [](double x) { return std::clamp(x, -0.5, static_cast<double>(0.8f)); }));
    cases.push_back(
        {"ADD in place",
         {any, any},
         [](ggml_context* c, const Tensors& t) { return ggml_add_inplace(c, ggml_sin(c, t[0]), t[1]); },
         [](const Arrays& a) { return map(a[0], a[1], [](double x, double y) { return std::sin(x) + y; }); }});
    cases.push_back({"a residual stream with several consumers",
                     {any, constant({5, 1, 1, 1})},
                     [](ggml_context* c, const Tensors& t) {
                         ggml_tensor* middle = ggml_add(c, t[0], ggml_sin(c, ggml_mul(c, t[0], t[1])));
                         return ggml_add(c, middle, ggml_mul(c, ggml_sqr(c, middle), t[0]));
                     },
                     [](const Arrays& a) {
                         return map(a[0], a[1], [](double x, double weight) {
                             const double middle = x + std::sin(x * weight);
                             return middle + middle * middle * x;
                         });
                     }});
    return cases;
}

std::vector<GradientCase> activation_cases() {
    std::vector<GradientCase> cases;
    const Leaf leaf{{7, 3, 2, 1}};
    const struct {
        const char* name;
        Unary op;
        Function function;
        double forward_bound;
    } functions[] = {
        {"ABS", ggml_abs, [](double x) { return std::abs(x); }, 1e-5},
        {"NEG", ggml_neg, [](double x) { return -x; }, 1e-5},
        {"TANH", ggml_tanh, [](double x) { return std::tanh(x); }, 1e-5},
        {"ELU", ggml_elu, [](double x) { return x > 0.0 ? x : std::expm1(x); }, 1e-5},
        {"RELU", ggml_relu, [](double x) { return std::max(x, 0.0); }, 1e-5},
        {"SIGMOID", ggml_sigmoid, [](double x) { return 1.0 / (1.0 + std::exp(-x)); }, 1e-5},
        {"SILU", ggml_silu, [](double x) { return x / (1.0 + std::exp(-x)); }, 1e-5},
        {"EXP", ggml_exp, [](double x) { return std::exp(x); }, 1e-5},
        {"EXPM1", ggml_expm1, [](double x) { return std::expm1(x); }, 1e-5},
        {"SOFTPLUS", ggml_softplus, [](double x) { return std::log1p(std::exp(x)); }, 1e-5},
        // ggml looks these two up in a table of half floats.
        {"GELU", ggml_gelu,
         [](double x) { return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x))); },
         2e-3},
        {"GELU_QUICK", ggml_gelu_quick, [](double x) { return x / (1.0 + std::exp(-1.702 * x)); }, 2e-3},
        {"GELU_ERF", ggml_gelu_erf, [](double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); }, 1e-5},
        {"HARDSWISH", ggml_hardswish, [](double x) { return x * std::clamp((x + 3.0) / 6.0, 0.0, 1.0); }, 1e-5},
        {"HARDSIGMOID", ggml_hardsigmoid, [](double x) { return std::clamp((x + 3.0) / 6.0, 0.0, 1.0); }, 1e-5},
    };
    for (const auto& f : functions) {
        for (const double spread : {1.0, 3.0}) { // the second reaches the corners at -3 and 3
            cases.push_back(
                {std::string(f.name) + (spread > 1.0 ? " of large values" : ""),
                 {leaf},
                 [f, spread](ggml_context* c, const Tensors& t) {
                     return f.op(c, ggml_scale(c, t[0], static_cast<float>(spread)));
                 },
                 [f, spread](const Arrays& a) { return map(a[0], [&](double x) { return f.function(spread * x); }); },
                 f.forward_bound});
        }
    }
    cases.push_back(unary(
        "LEAKY_RELU", leaf, [](ggml_context* c, ggml_tensor* x) { return ggml_leaky_relu(c, x, 0.125f, false); },
        [](double x) { return x > 0.0 ? x : 0.125 * x; }));
    cases.push_back(unary(
        "XIELU", leaf, [](ggml_context* c, ggml_tensor* x) { return ggml_xielu(c, x, 0.3f, 0.7f, 0.5f, -0.1f); },
        [](double x) {
            const double alpha_p = std::log1p(std::exp(static_cast<double>(0.7f)));
            const double alpha_n = 0.5 + std::log1p(std::exp(static_cast<double>(0.3f)));
            return x > 0.0 ? alpha_p * x * x + 0.5 * x
                           : (std::expm1(std::min(x, static_cast<double>(-0.1f))) - x) * alpha_n + 0.5 * x;
        }));
    return cases;
}

} // namespace mixllm
