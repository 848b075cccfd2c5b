#include <algorithm>

#include "gradient_case.h"

namespace mixllm {

namespace {

/// A flat array that results are appended to, as ops do that give outputs and states together.
struct Appended {
    std::vector<double> values;
    Array array() const {
        Array out({static_cast<int64_t>(values.size()), 1, 1, 1});
        out.values = values;
        return out;
    }
};

void add_convolution(std::vector<GradientCase>& cases) {
    for (const int64_t width : {2, 4}) {
        cases.push_back({"SSM_CONV of width " + std::to_string(width),
                         {{{width - 1 + 6, 5, 2, 1}}, constant({width, 5, 1, 1})},
                         [](ggml_context* c, const Tensors& t) { return ggml_ssm_conv(c, t[0], t[1]); },
                         [width](const Arrays& a) {
                             return fill({5, 6, 2, 1}, [&](int64_t channel, int64_t token, int64_t sequence, int64_t) {
                                 double sum = 0.0;
                                 for (int64_t i = 0; i < width; i++) {
                                     sum += a[0].at(token + i, channel, sequence) * a[1].at(i, channel);
                                 }
                                 return sum;
                             });
                         }});
    }
}

struct ScanShape {
    const char* name;
    int64_t states, dim, heads, steps, sequences, groups;
    bool one_decay; // for a head's states (Mamba 2), or one for each (Mamba 1)
    int64_t snapshots;
};

/// Leaves: state of three sequences, x, dt, A, B, C, ids.
Array scan(const ScanShape& s, const Arrays& a) {
    Appended outputs, last;
    std::vector<std::vector<double>> snapshots(s.snapshots);
    for (int64_t q = 0; q < s.sequences; q++) {
        std::vector<Array> states;
        states.push_back(block(a[0], {s.states, s.dim, s.heads, 1}, {0, 0, 0, static_cast<int64_t>(a[6].at(q))}));
        for (int64_t t = 0; t < s.steps; t++) {
            Array state = states.back();
            for (int64_t h = 0; h < s.heads; h++) {
                const int64_t g = h / (s.heads / s.groups);
                const double dt = std::log1p(std::exp(a[2].at(h, t, q)));
                for (int64_t p = 0; p < s.dim; p++) {
                    double y = 0.0;
                    for (int64_t n = 0; n < s.states; n++) {
                        double& value = state.at(n, p, h);
                        value = value * std::exp(dt * a[3].at(s.one_decay ? 0 : n, h)) +
                                dt * a[1].at(p, h, t, q) * a[4].at(n, g, t, q);
                        y += value * a[5].at(n, g, t, q);
                    }
                    outputs.values.push_back(y);
                }
            }
            states.push_back(state);
        }
        for (int64_t slot = 0; slot < s.snapshots; slot++) {
            const auto& values = states[s.steps - slot].values;
            snapshots[slot].insert(snapshots[slot].end(), values.begin(), values.end());
        }
    }
    for (const auto& slot : snapshots) {
        outputs.values.insert(outputs.values.end(), slot.begin(), slot.end());
    }
    return outputs.array();
}

void add_scans(std::vector<GradientCase>& cases) {
    const ScanShape shapes[] = {
        {"SSM_SCAN with a decay for each state", 4, 1, 6, 7, 2, 1, false, 1},
        {"SSM_SCAN with a decay for each state and wide heads", 3, 2, 4, 5, 1, 2, false, 1},
        {"SSM_SCAN with a decay for each head", 5, 3, 4, 7, 2, 2, true, 1},
        {"SSM_SCAN with many heads a group and snapshots", 3, 2, 20, 5, 2, 1, true, 3},
        {"SSM_SCAN of one step", 4, 2, 2, 1, 1, 1, true, 1},
    };
    for (const ScanShape& s : shapes) {
        Leaf ids{{s.sequences, 1, 1, 1}, Values::given, false, GGML_TYPE_I32, 0, {2, 0}};
        // Decays are negative: the test takes them from positive leaves.
        cases.push_back({s.name,
                         {{{s.states, s.dim, s.heads, 3}},
                          {{s.dim, s.heads, s.steps, s.sequences}},
                          {{s.heads, s.steps, s.sequences, 1}},
                          constant({s.one_decay ? 1 : s.states, s.heads, 1, 1}, Values::positive),
                          {{s.states, s.groups, s.steps, s.sequences}},
                          {{s.states, s.groups, s.steps, s.sequences}},
                          ids},
                         [s](ggml_context* c, const Tensors& t) {
                             return ggml_ssm_scan(c, t[0], t[1], t[2], ggml_neg(c, t[3]), t[4], t[5], t[6],
                                                  s.snapshots);
                         },
                         [s](const Arrays& a) {
                             Arrays negated = a;
                             negated[3] = map(a[3], [](double x) { return -x; });
                             return scan(s, negated);
                         },
                         2e-5,
                         2e-5});
    }
}

struct DeltaShape {
    const char* name;
    int64_t size, query_heads, key_heads, heads, steps, query_sequences, sequences;
    bool gate_by_column;
    int64_t snapshots;
};

/// Leaves: q, k, v, gate, beta, state.
Array delta_net(const DeltaShape& s, const Arrays& a) {
    Array outputs({s.size, s.heads, s.steps, s.sequences});
    std::vector<Array> states{a[5]};
    for (int64_t t = 0; t < s.steps; t++) {
        Array state = states.back();
        for (int64_t q = 0; q < s.sequences; q++) {
            for (int64_t h = 0; h < s.heads; h++) {
                const int64_t shared = q / (s.sequences / s.query_sequences);
                for (int64_t j = 0; j < s.size; j++) {
                    double error = a[2].at(j, h, t, q);
                    for (int64_t i = 0; i < s.size; i++) {
                        state.at(i, j, h, q) *= std::exp(a[3].at(s.gate_by_column ? i : 0, h, t, q));
                        error -= state.at(i, j, h, q) * a[1].at(i, h % s.key_heads, t, shared);
                    }
                    double out = 0.0;
                    for (int64_t i = 0; i < s.size; i++) {
                        state.at(i, j, h, q) += a[4].at(0, h, t, q) * error * a[1].at(i, h % s.key_heads, t, shared);
                        out += state.at(i, j, h, q) * a[0].at(i, h % s.query_heads, t, shared);
                    }
                    outputs.at(j, h, t, q) = out / std::sqrt(static_cast<double>(s.size));
                }
            }
        }
        states.push_back(state);
    }
    for (int64_t slot = 0; slot < s.snapshots; slot++) {
        const auto& values = states[s.steps - slot].values;
        outputs.values.insert(outputs.values.end(), values.begin(), values.end());
    }
    outputs.ne = {s.size * s.heads, s.steps * s.sequences + s.size * s.sequences * s.snapshots, 1, 1};
    return outputs;
}

void add_delta_nets(std::vector<GradientCase>& cases) {
    const DeltaShape shapes[] = {
        {"GATED_DELTA_NET", 4, 2, 2, 2, 6, 1, 1, false, 1},
        {"GATED_DELTA_NET with a gate for each column", 4, 2, 2, 2, 6, 2, 2, true, 1},
        {"GATED_DELTA_NET with fewer heads of q and k", 3, 2, 2, 6, 5, 2, 2, false, 1},
        {"GATED_DELTA_NET with other numbers of heads of q and k", 3, 3, 2, 6, 4, 1, 2, false, 1},
        {"GATED_DELTA_NET with snapshots", 3, 2, 2, 2, 5, 2, 2, true, 3},
        {"GATED_DELTA_NET wider than vectors", 18, 1, 1, 2, 3, 1, 1, false, 1},
    };
    for (const DeltaShape& s : shapes) {
        cases.push_back({s.name,
                         {{{s.size, s.query_heads, s.steps, s.query_sequences}},
                          {{s.size, s.key_heads, s.steps, s.query_sequences}},
                          {{s.size, s.heads, s.steps, s.sequences}},
                          {{s.gate_by_column ? s.size : 1, s.heads, s.steps, s.sequences}},
                          {{1, s.heads, s.steps, s.sequences}},
                          {{s.size, s.size, s.heads, s.sequences}}},
                         [s](ggml_context* c, const Tensors& t) {
                             // Keys and gates are small, as in models: the state would grow without bound otherwise.
                             return ggml_gated_delta_net(c, t[0], ggml_scale(c, t[1], 0.3f), t[2],
                                                         ggml_scale_bias(c, t[3], 0.2f, -0.5f), ggml_sigmoid(c, t[4]),
                                                         t[5], s.snapshots);
                         },
                         [s](const Arrays& a) {
                             Arrays scaled = a;
                             scaled[1] = map(a[1], [](double x) { return 0.3f * x; });
                             scaled[3] = map(a[3], [](double x) { return 0.2f * x - 0.5; });
                             scaled[4] = map(a[4], [](double x) { return 1.0 / (1.0 + std::exp(-x)); });
                             return delta_net(s, scaled);
                         },
                         2e-5,
                         2e-5});
    }
}

/// One step of a head: from the inputs at the token and the state `[S, S]`, which it changes, the output `[S]`.
using Inputs = std::vector<std::vector<double>>;
using Step = void (*)(const Inputs& in, Array& state, std::vector<double>& out);

/**
 * Runs an op that keeps a matrix for each head over inputs `[S, heads, tokens]` or, where a leaf has one token alone,
 * weights; the last leaf is the state `[S * S * heads, sequences]`.
 */
Array run_heads(const Arrays& a, Step step) {
    const int64_t size = a[0].ne[0], heads = a[0].ne[1], tokens = a[0].ne[2], sequences = a.back().ne[1];
    Array outputs({size, heads, tokens, 1});
    Array states = reshape(a.back(), {size, size, heads, sequences});
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t h = 0; h < heads; h++) {
            Inputs inputs(a.size() - 1, std::vector<double>(size));
            for (size_t i = 0; i + 1 < a.size(); i++) {
                for (int64_t s = 0; s < size; s++) {
                    inputs[i][s] = a[i].repeated(s, h, t, 0);
                }
            }
            const int64_t q = t / (tokens / sequences);
            Array state = block(states, {size, size, 1, 1}, {0, 0, h, q});
            std::vector<double> out(size);
            step(inputs, state, out);
            for (int64_t j = 0; j < size; j++) {
                outputs.at(j, h, t) = out[j];
                for (int64_t i = 0; i < size; i++) {
                    states.at(j, i, h, q) = state.at(j, i);
                }
            }
        }
    }
    outputs.values.insert(outputs.values.end(), states.values.begin(), states.values.end());
    outputs.ne = {size * heads, tokens + size * sequences, 1, 1};
    return outputs;
}

void wkv6(const Inputs& in, Array& state, std::vector<double>& out) {
    for (int64_t i = 0; i < state.ne[1]; i++) {
        for (int64_t j = 0; j < state.ne[0]; j++) {
            const double kv = in[0][i] * in[1][j];
            out[j] += in[2][i] * (in[3][i] * kv + state.at(j, i));
            state.at(j, i) = in[4][i] * state.at(j, i) + kv;
        }
    }
}

void gated_linear(const Inputs& in, Array& state, std::vector<double>& out) {
    for (int64_t i = 0; i < state.ne[1]; i++) {
        for (int64_t j = 0; j < state.ne[0]; j++) {
            state.at(j, i) = in[3][i] * state.at(j, i) + in[0][i] * in[1][j];
            out[j] += 0.5 * in[2][i] * state.at(j, i);
        }
    }
}

void wkv7(const Inputs& in, Array& state, std::vector<double>& out) {
    for (int64_t i = 0; i < state.ne[1]; i++) {
        double along = 0.0;
        for (int64_t j = 0; j < state.ne[0]; j++) {
            along += in[4][j] * state.at(j, i);
        }
        for (int64_t j = 0; j < state.ne[0]; j++) {
            state.at(j, i) = in[1][j] * state.at(j, i) + in[3][i] * in[2][j] + along * in[5][j];
            out[i] += in[0][j] * state.at(j, i);
        }
    }
}

void add_linear_attention(std::vector<GradientCase>& cases) {
    for (const int64_t sequences : {1, 2}) {
        const std::string suffix = sequences > 1 ? " of two sequences" : "";
        const Shape shape{4, 3, 6, 1};
        const Leaf input{shape}, decay{shape, Values::positive}, state{{4 * 4 * 3, sequences, 1, 1}};
        cases.push_back(
            {"RWKV_WKV6" + suffix,
             {input, input, input, constant({4, 3, 1, 1}), decay, state},
             [](ggml_context* c, const Tensors& t) { return ggml_rwkv_wkv6(c, t[0], t[1], t[2], t[3], t[4], t[5]); },
             [](const Arrays& a) { return run_heads(a, wkv6); }});
        cases.push_back({"GATED_LINEAR_ATTN" + suffix,
                         {input, input, input, decay, state},
                         [](ggml_context* c, const Tensors& t) {
                             return ggml_gated_linear_attn(c, t[0], t[1], t[2], t[3], t[4], 0.5f);
                         },
                         [](const Arrays& a) { return run_heads(a, gated_linear); }});

        // ggml's kernel computes no fewer columns than its vectors hold; the rows' values are kept small by scaling.
        const Shape wide{64, 1, 2 * sequences, 1};
        Leaf wide_state{{64 * 64, sequences, 1, 1}};
        wide_state.wanted = sequences == 1;
        cases.push_back({"RWKV_WKV7" + suffix,
                         {{wide}, {wide, Values::positive}, {wide}, {wide}, {wide}, {wide}, wide_state},
                         [](ggml_context* c, const Tensors& t) {
                             return ggml_rwkv_wkv7(c, t[0], t[1], t[2], t[3], ggml_scale(c, t[4], 0.125f), t[5], t[6]);
                         },
                         [](const Arrays& a) {
                             Arrays scaled = a;
                             scaled[4] = map(a[4], [](double x) { return 0.125 * x; });
                             return run_heads(scaled, wkv7);
                         }});
    }
}

} // namespace

std::vector<GradientCase> recurrence_cases() {
    std::vector<GradientCase> cases;
    add_convolution(cases);
    add_scans(cases);
    add_delta_nets(cases);
    add_linear_attention(cases);
    return cases;
}

} // namespace mixllm
