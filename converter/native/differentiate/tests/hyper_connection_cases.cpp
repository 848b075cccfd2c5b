#include "gradient_case.h"

namespace mixllm {

std::vector<GradientCase> hyper_connection_cases() {
    std::vector<GradientCase> cases;
    constexpr int64_t streams = 4, tokens = 3, features = 5;
    for (const int iterations : {1, 3}) {
        cases.push_back({"DSV4_HC_COMB of " + std::to_string(iterations) + " iterations",
                         {{{24, tokens, 1, 1}}, constant({3, 1, 1, 1}), constant({24, 1, 1, 1})},
                         [iterations](ggml_context* c, const Tensors& t) {
                             return ggml_dsv4_hc_comb(c, t[0], t[1], t[2], 0.01f, iterations);
                         },
                         [iterations](const Arrays& a) {
                             const double epsilon = 0.01f;
                             Array m({streams, streams, tokens, 1});
                             for (int64_t t = 0; t < tokens; t++) {
                                 for (int64_t from = 0; from < streams; from++) {
                                     double sum = 0.0;
                                     for (int64_t to = 0; to < streams; to++) {
                                         const int64_t i = 8 + to + streams * from;
                                         m.at(to, from, t) = std::exp(a[0].at(i, t) * a[1].at(2) + a[2].at(i));
                                         sum += m.at(to, from, t);
                                     }
                                     for (int64_t to = 0; to < streams; to++) {
                                         m.at(to, from, t) = m.at(to, from, t) / sum + epsilon;
                                     }
                                 }
                                 for (int pass = 0; pass < 2 * iterations - 1; pass++) {
                                     for (int64_t line = 0; line < streams; line++) {
                                         const auto element = [&](int64_t i) -> double& {
                                             return pass % 2 == 0 ? m.at(line, i, t) : m.at(i, line, t);
                                         };
                                         double sum = epsilon;
                                         for (int64_t i = 0; i < streams; i++) {
                                             sum += element(i);
                                         }
                                         for (int64_t i = 0; i < streams; i++) {
                                             element(i) /= sum;
                                         }
                                     }
                                 }
                             }
                             return m;
                         }});
    }
    const auto mix = [](bool gated) {
        return [gated](const Arrays& a) {
            return fill({features, tokens, 1, 1}, [&](int64_t i, int64_t t, int64_t, int64_t) {
                double sum = 0.0;
                for (int64_t s = 0; s < streams; s++) {
                    sum += a[0].at(i, s, t) * (gated ? 0.7f / (1.0 + std::exp(-a[1].at(i, s, t))) : a[1].at(s, t));
                }
                return sum;
            });
        };
    };
    cases.push_back({"DSV4_HC_PRE",
                     {{{features, streams, tokens, 1}}, {{streams, tokens, 1, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_dsv4_hc_pre(c, t[0], t[1]); },
                     mix(false)});
    cases.push_back({"DSV4_HC_PRE with gates",
                     {{{features, streams, tokens, 1}}, {{features, streams, tokens, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_dsv4_hc_pre_gated(c, t[0], t[1], 0.7f); },
                     mix(true)});
    for (const bool mixes : {false, true}) {
        cases.push_back({std::string("DSV4_HC_POST") + (mixes ? " that mixes streams" : ""),
                         {{{features, tokens, 1, 1}},
                          {{features, streams, tokens, 1}},
                          {{streams, tokens, 1, 1}},
                          {{streams, streams, tokens, 1}, Values::normal, mixes}},
                         [mixes](ggml_context* c, const Tensors& t) {
                             return ggml_dsv4_hc_post(c, t[0], t[1], t[2], mixes ? t[3] : nullptr);
                         },
                         [mixes](const Arrays& a) {
                             return fill(a[1].ne, [&](int64_t i, int64_t to, int64_t t, int64_t) {
                                 double sum = a[0].at(i, t) * a[2].at(to, t);
                                 for (int64_t from = 0; from < streams; from++) {
                                     sum += a[1].at(i, from, t) * (mixes ? a[3].at(to, from, t) : to == from);
                                 }
                                 return sum;
                             });
                         }});
    }
    return cases;
}

} // namespace mixllm
