// Holds what is computed expert by expert against plain float64 loops.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "gptq/tests/dense_inverse.h"
#include "graph/expert_salience.h"
#include "graph/quantize_experts.h"

using namespace mixllm;

namespace {

constexpr size_t experts = 5;
constexpr size_t inputs = 160; // the last group is short
constexpr size_t channels = 48;
constexpr int64_t tokens = 700;
constexpr int64_t used = 2;

int failures = 0;

void expect(bool holds, const std::string& what) {
    std::printf("%s %s\n", holds ? "ok" : "FAILED", what.c_str());
    failures += holds ? 0 : 1;
}

/// A layer's experts, what they see and what is missing to their sum. The last expert is chosen for nothing, the one
/// before it for 19 tokens.
struct Layer {
    std::vector<float> weights; ///< [experts][channels][inputs]
    std::vector<uint8_t> is_8bit;
    std::vector<float> x;       ///< [tokens][inputs]
    std::vector<float> missing; ///< [tokens][channels]
    std::vector<std::vector<ExpertInput>> chosen{experts};

    Layer() {
        std::mt19937 generator(3);
        std::normal_distribution<float> normal;
        for (size_t i = 0; i < experts * channels * inputs; i++) {
            weights.push_back(0.05f * normal(generator));
        }
        for (size_t e = 0; e < experts; e++) {
            for (size_t c = 0; c < channels; c++) {
                is_8bit.push_back(c % 3 == e % 3 && e != 1); // 16 of each, of one none
            }
        }
        std::vector<float> size(inputs);
        for (float& s : size) {
            s = std::exp(normal(generator));
        }
        for (int64_t t = 0; t < tokens; t++) {
            const float shared = normal(generator);
            for (size_t k = 0; k < inputs; k++) {
                x.push_back(size[k] * (normal(generator) + shared));
            }
            for (size_t c = 0; c < channels; c++) {
                missing.push_back(0.1f * normal(generator) + 0.02f * x[x.size() - 1 - c]);
            }
            const auto first = t < 19 ? size_t{3} : static_cast<size_t>(t % 3);
            for (const size_t expert : {first, (first + 1) % 3}) {
                chosen[expert].push_back({t, t, 0.2f + 0.6f * static_cast<float>(generator() % 100) / 100.0f});
            }
        }
    }

    const float* row(size_t expert, size_t channel) const {
        return weights.data() + (expert * channels + channel) * inputs;
    }
};

/// The layer's weights as they lie in a source.
class LayerRows : public ExpertRows {
public:
    explicit LayerRows(const Layer& layer) : layer_(layer) {}
    void load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const override {
        std::copy_n(layer_.row(static_cast<size_t>(expert), static_cast<size_t>(row)) + first, count, out);
    }

private:
    const Layer& layer_;
};

/// Packed components of all experts, and where each begins.
struct Packed {
    std::vector<uint8_t> w4, zero4;
    std::vector<uint16_t> scale4, scale8;
    std::vector<int8_t> w8;
    std::vector<PackedWeight> experts;

    explicit Packed(const Layer& layer)
        : w4(layer.weights.size()), zero4(layer.weights.size()), scale4(layer.weights.size()),
          scale8(layer.weights.size()), w8(layer.weights.size()) {
        for (size_t e = 0; e < ::experts; e++) {
            const size_t at = e * channels * inputs;
            PackedWeight weight{std::vector<int32_t>(channels), 0, {}, {}};
            weight.rows4 = order_rows(layer.is_8bit.data() + e * channels, channels, weight.rows.data());
            weight.packed4 = {w4.data() + at, scale4.data() + at, zero4.data() + at};
            weight.packed8 = {w8.data() + at, scale8.data() + at};
            experts.push_back(weight);
        }
    }
};

Square hessian_of(const Layer& layer, const std::vector<ExpertInput>& chosen) {
    Square sum(inputs, std::vector<double>(inputs));
    for (const ExpertInput& at : chosen) {
        const float* x = layer.x.data() + at.row * static_cast<int64_t>(inputs);
        for (size_t i = 0; i < inputs; i++) {
            for (size_t k = 0; k < inputs; k++) {
                sum[i][k] += static_cast<double>(at.factor) * x[i] * at.factor * x[k];
            }
        }
    }
    return sum;
}

/// The same quantization in float64, but for the grids, whose error feedback `gptq_test.cpp` holds against GPTQ as it
/// was published.
std::vector<float> reference(const Layer& layer, bool with_residuals, double damping, float strength,
                             const ClipSearch& options) {
    Square mean(inputs, std::vector<double>(inputs));
    double all = 0.0;
    for (const auto& chosen : layer.chosen) {
        const Square own = hessian_of(layer, chosen);
        for (size_t i = 0; i < inputs; i++) {
            for (size_t k = 0; k < inputs; k++) {
                mean[i][k] += own[i][k];
            }
        }
        all += static_cast<double>(chosen.size());
    }
    std::vector<double> missing(layer.missing.begin(), layer.missing.end());
    std::vector<float> values;
    for (size_t e = 0; e < experts; e++) {
        Square hessian = hessian_of(layer, layer.chosen[e]);
        Triangle triangle(inputs);
        double trace = 0.0;
        for (size_t i = 0; i < inputs; i++) {
            for (size_t k = 0; k < inputs; k++) {
                hessian[i][k] += 128.0 * mean[i][k] / all;
            }
            std::copy_n(hessian[i].begin(), i + 1, triangle.row(i));
            trace += hessian[i][i];
        }
        std::vector<float> weights(layer.row(e, 0), layer.row(e, 0) + channels * inputs);
        if (with_residuals) {
            Square damped = hessian;
            for (size_t i = 0; i < inputs; i++) {
                damped[i][i] += damping * trace / static_cast<double>(inputs);
            }
            const Square inverted = inverse(damped);
            for (size_t c = 0; c < channels; c++) {
                std::vector<double> cross(inputs);
                for (const ExpertInput& at : layer.chosen[e]) {
                    for (size_t k = 0; k < inputs; k++) {
                        cross[k] += missing[static_cast<size_t>(at.token) * channels + c] * at.factor *
                                    layer.x[static_cast<size_t>(at.row) * inputs + k];
                    }
                }
                for (size_t i = 0; i < inputs; i++) {
                    double shift = 0.0;
                    for (size_t k = 0; k < inputs; k++) {
                        shift += cross[k] * inverted[k][i];
                    }
                    weights[c * inputs + i] += static_cast<float>(strength * shift);
                }
            }
        }
        const std::vector<uint8_t> is_8bit(layer.is_8bit.begin() + static_cast<std::ptrdiff_t>(e * channels),
                                           layer.is_8bit.begin() + static_cast<std::ptrdiff_t>((e + 1) * channels));
        const HessianFactor factor(triangle, damping, Workers(1));
        const QuantizedLinear quantized = gptq(weights.data(), is_8bit, factor, {}, options, Workers(1));
        values.insert(values.end(), quantized.values.begin(), quantized.values.end());
        for (const ExpertInput& at : layer.chosen[e]) {
            for (size_t c = 0; c < channels; c++) {
                for (size_t k = 0; k < inputs; k++) {
                    const double change = static_cast<double>(quantized.values[c * inputs + k]) - layer.row(e, c)[k];
                    missing[static_cast<size_t>(at.token) * channels + c] -=
                        change * at.factor * layer.x[static_cast<size_t>(at.row) * inputs + k];
                }
            }
        }
    }
    return values;
}

std::vector<float> quantize(const Layer& layer, bool with_residuals, int threads, double damping, float strength,
                            const ClipSearch& options) {
    Engine engine{Workers(threads)};
    const std::string path =
        (std::filesystem::temp_directory_path() / ("mixllm-experts-test-" + std::to_string(std::random_device()())))
            .string();
    RowFile x(path + ".x", inputs);
    RowFile missing(path + ".missing", channels);
    x.write(0, tokens, layer.x.data());
    missing.write(0, tokens, layer.missing.data());
    const LayerRows source(layer);
    Packed packed(layer);
    PackedExperts destination(source, packed.experts, inputs);
    ExpertInputs seen{x, layer.chosen};
    const ExpertResiduals residuals{missing, false, strength};
    const std::string name = "experts";
    const double took = quantize_experts(engine, {{name, source, destination, layer.is_8bit, channels}}, seen,
                                         with_residuals ? &residuals : nullptr, {options, damping});
    expect(took == damping, "the usual damping suffices");
    std::vector<float> values(layer.weights.size());
    for (size_t e = 0; e < experts; e++) {
        for (size_t c = 0; c < channels; c++) {
            // In two parts, as a gradient reads them.
            float* out = values.data() + (e * channels + c) * inputs;
            destination.load(static_cast<int64_t>(e), static_cast<int64_t>(c), 0, 96, out);
            destination.load(static_cast<int64_t>(e), static_cast<int64_t>(c), 96, inputs - 96, out + 96);
        }
    }
    return values;
}

void test_quantization() {
    const Layer layer;
    const ClipSearch options{{1.0f, 0.9f, 0.8f}, {}, {1.0f, 0.9f, 0.8f}};
    for (const bool with_residuals : {false, true}) {
        const std::vector<float> expected = reference(layer, with_residuals, 0.01, 0.5f, options);
        const std::vector<float> found = quantize(layer, with_residuals, 2, 0.01, 0.5f, options);
        for (size_t e = 0; e < experts; e++) {
            size_t equal = 0;
            for (size_t i = e * channels * inputs; i < (e + 1) * channels * inputs; i++) {
                equal += std::fabs(expected[i] - found[i]) <= 1e-6f;
            }
            const double share = static_cast<double>(equal) / (channels * inputs);
            expect(share >= (with_residuals ? 0.99 : 0.999),
                   "expert " + std::to_string(e) + " of " + std::to_string(layer.chosen[e].size()) + " tokens" +
                       (with_residuals ? ", errors made good" : "") + ": " + std::to_string(100.0 * share) +
                       " % of the weights equal");
        }
        expect(found == quantize(layer, with_residuals, 1, 0.01, 0.5f, options),
               "the number of threads changes nothing");
    }
}

void test_salience() {
    const Layer layer;
    constexpr int64_t samples = 2;
    std::mt19937 generator(4);
    std::normal_distribution<float> normal;
    std::vector<int32_t> ids(static_cast<size_t>(used * tokens));
    std::vector<float> gradient(static_cast<size_t>(used * tokens) * channels);
    for (int64_t t = 0; t < tokens; t++) {
        ids[static_cast<size_t>(used * t)] = static_cast<int32_t>(t % 3);
        ids[static_cast<size_t>(used * t + 1)] = t < tokens / 2 ? 3 : static_cast<int32_t>((t + 1) % 3);
    }
    for (float& g : gradient) {
        g = normal(generator);
    }
    std::vector<double> first(samples * experts * channels);
    std::vector<double> second(first.size());
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t s = 0; s < used; s++) {
            const auto expert = static_cast<size_t>(ids[static_cast<size_t>(used * t + s)]);
            for (size_t c = 0; c < channels; c++) {
                double error = 0.0;
                for (size_t k = 0; k < inputs; k++) {
                    error +=
                        static_cast<double>(layer.row(expert, c)[k]) * layer.x[static_cast<size_t>(t) * inputs + k];
                }
                const double change = error * gradient[static_cast<size_t>(used * t + s) * channels + c];
                const size_t at = (static_cast<size_t>(t / (tokens / samples)) * experts + expert) * channels + c;
                first[at] += change;
                second[at] += change * change;
            }
        }
    }
    Engine engine{Workers(2)};
    Graph graph(engine);
    const LayerRows rows(layer);
    ggml_tensor* weights = graph.input(layer.weights.data(), inputs, channels, experts);
    weights->extra = const_cast<LayerRows*>(&rows);
    ggml_tensor* chosen = ggml_reshape_2d(graph.context(), graph.input(ids.data(), used * tokens), used, tokens);
    const auto [sums, squares] =
        sum_expert_changes(graph.context(), weights, graph.input(layer.x.data(), inputs, 1, tokens),
                           graph.input(gradient.data(), channels, used, tokens), chosen, samples);
    std::vector<float> found_first(first.size());
    std::vector<float> found_second(first.size());
    graph.output(sums, found_first.data());
    graph.output(squares, found_second.data());
    graph.compute();
    double worst = 0.0;
    double largest = 0.0;
    for (size_t i = 0; i < first.size(); i++) {
        largest = std::max(largest, std::fabs(first[i]));
        worst = std::max({worst, std::fabs(first[i] - found_first[i]),
                          second[i] == 0.0 ? static_cast<double>(found_second[i])
                                           : 1e-3 * std::fabs(found_second[i] / second[i] - 1.0)});
    }
    expect(worst <= 1e-5 * largest, "sums of gradients times errors by expert and sample: " + std::to_string(worst) +
                                        " of " + std::to_string(largest));
}

} // namespace

int main() {
    test_quantization();
    test_salience();
    return failures == 0 ? 0 : 1;
}
