#include <algorithm>

#include "gradient_case.h"

namespace mixllm {

namespace {

double silu(double x, double steepness = 1.0) {
    return x / (1.0 + std::exp(-steepness * x));
}

using Gate = double (*)(double, double);

constexpr float alpha = 1.702f;
constexpr float limit = 0.7f;

double oai(double gate, double up) {
    return silu(std::min<double>(gate, limit), alpha) * (std::clamp<double>(up, -limit, limit) + 1.0);
}

double clamped(double gate, double up) {
    return silu(std::min<double>(gate, limit)) * std::clamp<double>(up, -limit, limit);
}

} // namespace

std::vector<GradientCase> gating_cases() {
    const struct {
        const char* name;
        ggml_glu_op op;
        Gate gate;
        double forward_bound;
    } units[] = {
        {"REGLU", GGML_GLU_OP_REGLU, [](double g, double u) { return std::max(g, 0.0) * u; }, 1e-5},
        // ggml looks these two up in a table of half floats.
        {"GEGLU", GGML_GLU_OP_GEGLU,
         [](double g, double u) {
             return 0.5 * g * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (g + 0.044715 * g * g * g))) * u;
         },
         2e-3},
        {"GEGLU_QUICK", GGML_GLU_OP_GEGLU_QUICK, [](double g, double u) { return silu(g, 1.702) * u; }, 2e-3},
        {"GEGLU_ERF", GGML_GLU_OP_GEGLU_ERF,
         [](double g, double u) { return 0.5 * g * (1.0 + std::erf(g / std::sqrt(2.0))) * u; }, 1e-5},
        {"SWIGLU", GGML_GLU_OP_SWIGLU, [](double g, double u) { return silu(g) * u; }, 1e-5},
    };
    std::vector<GradientCase> cases;
    for (const auto& unit : units) {
        const auto evaluate_halves = [unit](bool swapped) {
            return [unit, swapped](const Arrays& a) {
                const int64_t n = a[0].ne[0] / 2;
                return fill({n, a[0].ne[1], a[0].ne[2], a[0].ne[3]},
                            [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
                                const double first = a[0].at(i0, i1, i2, i3), second = a[0].at(n + i0, i1, i2, i3);
                                return swapped ? unit.gate(second, first) : unit.gate(first, second);
                            });
            };
        };
        for (const bool swapped : {false, true}) {
            cases.push_back(
                {std::string(unit.name) + (swapped ? " of swapped halves" : " of halves"),
                 {{{12, 3, 2, 2}}},
                 [unit, swapped](ggml_context* c, const Tensors& t) { return ggml_glu(c, t[0], unit.op, swapped); },
                 evaluate_halves(swapped),
                 unit.forward_bound});
        }
        const auto evaluate_split = [unit](const Arrays& a) { return map(a[0], a[1], unit.gate); };
        cases.push_back({std::string(unit.name) + " of two tensors",
                         {{{6, 3, 2, 2}}, {{6, 3, 2, 2}}},
                         [unit](ggml_context* c, const Tensors& t) { return ggml_glu_split(c, t[0], t[1], unit.op); },
                         evaluate_split,
                         unit.forward_bound});
        cases.push_back({std::string(unit.name) + " of two views of one tensor",
                         {{{12, 5, 1, 1}}},
                         [unit](ggml_context* c, const Tensors& t) {
                             const auto half = [&](size_t from) {
                                 return ggml_view_2d(c, t[0], 6, 5, t[0]->nb[1], from * sizeof(float));
                             };
                             return ggml_glu_split(c, half(0), half(6), unit.op);
                         },
                         evaluate_halves(false),
                         unit.forward_bound});
    }
    const Shape shape{6, 3, 2, 1};
    cases.push_back({"SWIGLU_OAI",
                     {{shape}, {shape}},
                     [](ggml_context* c, const Tensors& t) { return ggml_swiglu_oai(c, t[0], t[1], alpha, limit); },
                     [](const Arrays& a) { return map(a[0], a[1], oai); }});
    cases.push_back({"SWIGLU_CLAMP",
                     {{shape}, {shape}},
                     [](ggml_context* c, const Tensors& t) { return ggml_swiglu_clamp(c, t[0], t[1], limit); },
                     [](const Arrays& a) { return map(a[0], a[1], clamped); }});
    return cases;
}

} // namespace mixllm
