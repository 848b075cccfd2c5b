#include <algorithm>

#include "gradient_case.h"

namespace mixllm {

namespace {

constexpr float scale = 0.4f;

/// Softmax over rows of scale * x + slope * mask, with one more score a head that takes its share and is left out.
Array soft_max(const Array& x, const Array* mask, const Array* sinks, double max_bias = 0.0) {
    const auto slope = [&](int64_t head) {
        if (max_bias == 0.0) {
            return 1.0;
        }
        const double power = std::exp2(std::floor(std::log2(static_cast<double>(x.ne[2]))));
        const double h = static_cast<double>(head);
        return h < power ? std::pow(std::exp2(-max_bias / power), h + 1.0)
                         : std::pow(std::exp2(-max_bias / 2.0 / power), 2.0 * (h - power) + 1.0);
    };
    return fill(x.ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        const auto term = [&](int64_t i) {
            return std::exp(scale * x.at(i, i1, i2, i3) + (mask ? slope(i2) * mask->repeated(i, i1, i2, i3) : 0.0));
        };
        double sum = sinks ? std::exp(sinks->at(i2)) : 0.0;
        for (int64_t i = 0; i < x.ne[0]; i++) {
            sum += term(i);
        }
        return term(i0) / sum;
    });
}

/// Zero where a query may look, minus infinity after it.
Leaf causal_mask(int64_t keys, int64_t queries, ggml_type type) {
    Leaf mask{{keys, queries, 1, 1}, Values::given, false, type};
    for (int64_t q = 0; q < queries; q++) {
        for (int64_t k = 0; k < keys; k++) {
            mask.numbers.push_back(k <= q + keys - queries ? 0.0 : -INFINITY);
        }
    }
    return mask;
}

void add_soft_max(std::vector<GradientCase>& cases) {
    const Leaf scores{{6, 4, 6, 2}};
    cases.push_back({"SOFT_MAX",
                     {scores},
                     [](ggml_context* c, const Tensors& t) { return ggml_soft_max_ext(c, t[0], nullptr, scale, 0.0f); },
                     [](const Arrays& a) { return soft_max(a[0], nullptr, nullptr); }});
    for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16}) {
        cases.push_back(
            {std::string("SOFT_MAX with a causal mask of ") + ggml_type_name(type),
             {scores, causal_mask(6, 4, type)},
             [](ggml_context* c, const Tensors& t) { return ggml_soft_max_ext(c, t[0], t[1], scale, 0.0f); },
             [](const Arrays& a) { return soft_max(a[0], &a[1], nullptr); }});
    }
    cases.push_back({"SOFT_MAX with slopes of six heads",
                     {scores, constant({6, 4, 1, 1})},
                     [](ggml_context* c, const Tensors& t) { return ggml_soft_max_ext(c, t[0], t[1], scale, 8.0f); },
                     [](const Arrays& a) { return soft_max(a[0], &a[1], nullptr, 8.0); }});
    cases.push_back({"SOFT_MAX with sinks",
                     {scores, causal_mask(6, 4, GGML_TYPE_F32), constant({6, 1, 1, 1})},
                     [](ggml_context* c, const Tensors& t) {
                         ggml_tensor* probabilities = ggml_soft_max_ext(c, t[0], t[1], scale, 0.0f);
                         ggml_soft_max_add_sinks(probabilities, t[2]);
                         return probabilities;
                     },
                     [](const Arrays& a) { return soft_max(a[0], &a[1], &a[2]); }});
    cases.push_back({"SOFT_MAX with a mask that is an activation",
                     {scores, {{6, 4, 3, 1}}},
                     [](ggml_context* c, const Tensors& t) { return ggml_soft_max_ext(c, t[0], t[1], scale, 0.0f); },
                     [](const Arrays& a) { return soft_max(a[0], &a[1], nullptr); }});
    cases.push_back(
        {"SOFT_MAX in place",
         {scores},
         [](ggml_context* c, const Tensors& t) { return ggml_soft_max_inplace(c, ggml_scale(c, t[0], scale)); },
         [](const Arrays& a) { return soft_max(a[0], nullptr, nullptr); }});
}

struct Rope {
    const char* name;
    int mode;
    int dims;
    int offset = 0;
    std::array<int, 4> sections{};
    float extrapolation = 0.0f;
    float attention_factor = 1.0f;
    bool factors = false;
    bool back = false;
};

constexpr float base = 100.0f;
constexpr float frequency_scale = 0.5f;
constexpr int original_context = 64;

/// The angle of pair `i` of `pairs` at `position`, by YaRN.
double rope_angle(const Rope& rope, int64_t i, double position, double factor, double& magnitude) {
    const double exact =
        position * std::pow(static_cast<double>(base), -2.0 * static_cast<double>(i) / rope.dims) / factor;
    magnitude = rope.attention_factor;
    if (rope.extrapolation == 0.0f) {
        return frequency_scale * exact;
    }
    const auto boundary = [&](double rotations) {
        return rope.dims * std::log(original_context / (rotations * 2.0 * M_PI)) / (2.0 * std::log(base));
    };
    const double low = std::max(0.0, std::floor(boundary(32.0)));
    const double high = std::min(rope.dims - 1.0, std::ceil(boundary(1.0)));
    const double ramp = 1.0 - std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    const double mix = ramp * rope.extrapolation;
    magnitude *= 1.0 + 0.1 * std::log(1.0 / frequency_scale);
    return frequency_scale * exact * (1.0 - mix) + exact * mix;
}

/// Which of the four position ids of a token turns pair `i`.
int64_t section_of(const Rope& rope, int64_t i) {
    const auto& s = rope.sections;
    const int64_t at = i % (s[0] + s[1] + s[2] + s[3]);
    if (rope.mode == GGML_ROPE_TYPE_IMROPE) {
        if (at % 3 == 1 && at < 3 * s[1]) {
            return 1;
        }
        if (at % 3 == 2 && at < 3 * s[2]) {
            return 2;
        }
        return at % 3 == 0 && at < 3 * s[0] ? 0 : 3;
    }
    return at < s[0] ? 0 : at < s[0] + s[1] ? 1 : at < s[0] + s[1] + s[2] ? 2 : 3;
}

Array rotate(const Rope& rope, const Array& x, const Array& positions, const Array& factors) {
    Array out = x;
    const bool multi = (rope.mode & GGML_ROPE_TYPE_MROPE) != 0;
    for (int64_t i3 = 0; i3 < x.ne[3]; i3++) {
        for (int64_t token = 0; token < x.ne[2]; token++) {
            for (int64_t head = 0; head < x.ne[1]; head++) {
                for (int64_t i = 0; i < rope.dims / 2; i++) {
                    const int64_t section = multi ? section_of(rope, i) : 0;
                    double magnitude;
                    const double forward = rope_angle(rope, i, positions.at(token + section * x.ne[2]),
                                                      rope.factors ? factors.at(i) : 1.0, magnitude);
                    const double angle = rope.back ? -forward : forward;
                    const bool pairs_are_neighbours = rope.mode == GGML_ROPE_TYPE_NORMAL;
                    const int64_t a = rope.offset + (pairs_are_neighbours ? 2 * i : i);
                    const int64_t b = a + (pairs_are_neighbours ? 1 : rope.dims / 2);
                    const double xa = x.at(a, head, token, i3), xb = x.at(b, head, token, i3);
                    out.at(a, head, token, i3) = magnitude * (xa * std::cos(angle) - xb * std::sin(angle));
                    out.at(b, head, token, i3) = magnitude * (xa * std::sin(angle) + xb * std::cos(angle));
                }
            }
        }
    }
    return out;
}

void add_rope(std::vector<GradientCase>& cases) {
    const Rope ropes[] = {
        {"ROPE of neighbours", GGML_ROPE_TYPE_NORMAL, 8},
        {"ROPE of halves", GGML_ROPE_TYPE_NEOX, 8},
        {"ROPE of some dimensions", GGML_ROPE_TYPE_NEOX, 4},
        {"ROPE of dimensions in the middle", GGML_ROPE_TYPE_NORMAL, 4, 2},
        {"ROPE with frequency factors", GGML_ROPE_TYPE_NEOX, 8, 0, {}, 0.0f, 1.0f, true},
        {"ROPE by YaRN", GGML_ROPE_TYPE_NORMAL, 8, 0, {}, 1.0f, 1.25f},
        {"ROPE_BACK of neighbours", GGML_ROPE_TYPE_NORMAL, 8, 0, {}, 0.0f, 1.0f, false, true},
        {"ROPE_BACK by YaRN with frequency factors", GGML_ROPE_TYPE_NEOX, 8, 0, {}, 1.0f, 1.25f, true, true},
        {"ROPE of sections", GGML_ROPE_TYPE_MROPE, 8, 0, {1, 2, 1, 0}},
        {"ROPE of interleaved sections", GGML_ROPE_TYPE_IMROPE, 8, 0, {2, 1, 1, 0}},
    };
    for (const Rope& rope : ropes) {
        const bool multi = (rope.mode & GGML_ROPE_TYPE_MROPE) != 0;
        const Leaf positions = row_numbers({multi ? 20 : 5, 1, 1, 1}, 40);
        for (const bool view : {false, true}) {
            cases.push_back(
                {std::string(rope.name) + (view ? " in a view" : ""),
                 {{{view ? 13 : 8, 3, 5, 2}}, positions, constant({4, 1, 1, 1}, Values::positive)},
                 [rope, multi, view](ggml_context* c, const Tensors& t) {
                     ggml_tensor* x = t[0];
                     if (view) {
                         x = ggml_view_4d(c, x, 8, 3, 5, 2, x->nb[1], x->nb[2], x->nb[3], 4 * sizeof(float));
                     }
                     ggml_tensor* factors = rope.factors ? t[2] : nullptr;
                     std::array<int, 4> sections = rope.sections;
                     ggml_tensor* y =
                         multi ? ggml_rope_multi(c, x, t[1], factors, rope.dims, sections.data(), rope.mode,
                                                 original_context, base, frequency_scale, rope.extrapolation,
                                                 rope.attention_factor, 32.0f, 1.0f)
                               : ggml_rope_ext(c, x, t[1], factors, rope.dims, rope.mode, original_context, base,
                                               frequency_scale, rope.extrapolation, rope.attention_factor, 32.0f, 1.0f);
                     y->op = rope.back ? GGML_OP_ROPE_BACK : GGML_OP_ROPE; // as ggml makes one of the other
                     return rope.offset > 0 ? ggml_rope_set_offset(y, rope.offset) : y;
                 },
                 [rope, view](const Arrays& a) {
                     return rotate(rope, view ? block(a[0], {8, 3, 5, 2}, {4, 0, 0, 0}) : a[0], a[1], a[2]);
                 },
                 2e-5,
                 2e-5});
        }
    }
}

} // namespace

std::vector<GradientCase> attention_cases() {
    std::vector<GradientCase> cases;
    add_soft_max(cases);
    add_rope(cases);
    return cases;
}

} // namespace mixllm
