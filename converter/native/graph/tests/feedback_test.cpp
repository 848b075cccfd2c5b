// Holds the share of rounding's error that error feedback leaves, estimated from the inputs, against what GPTQ leaves,
// and sums of gradients against float64 loops.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibration/output_moment.h"
#include "gptq/gptq.h"
#include "graph/feedback_share.h"
#include "quantize/rounding.h"

using namespace mixllm;

namespace {

constexpr size_t inputs = 256;
constexpr size_t rows = 64; // of the weight
constexpr size_t many = 4096;

int failures = 0;

void expect(bool holds, const std::string& what) {
    std::printf("%s %s\n", holds ? "ok" : "FAILED", what.c_str());
    failures += holds ? 0 : 1;
}

/// Inputs that have `shared` factors in common, and so much of their own.
std::vector<float> make_inputs(size_t tokens, size_t shared, float own) {
    std::mt19937 generator(3);
    std::normal_distribution<float> normal;
    std::vector<float> loadings(inputs * shared);
    for (float& loading : loadings) {
        loading = normal(generator) / std::sqrt(static_cast<float>(shared));
    }
    std::vector<float> x(tokens * inputs);
    std::vector<float> factors(shared);
    for (size_t t = 0; t < tokens; t++) {
        for (float& factor : factors) {
            factor = normal(generator);
        }
        for (size_t k = 0; k < inputs; k++) {
            float& value = x[t * inputs + k];
            value = own * normal(generator);
            for (size_t f = 0; f < shared; f++) {
                value += loadings[k * shared + f] * factors[f];
            }
        }
    }
    return x;
}

float share_of(Engine& engine, const std::vector<float>& x) {
    FeedbackShare share(inputs);
    for (size_t t = 0; t < x.size() / inputs; t += 256) {
        share.add(engine, x.data() + t * inputs, 256);
    }
    return share.value(engine.workers());
}

/// The error of outputs with GPTQ, over that of plain rounding.
double measured(Engine& engine, const std::vector<float>& x) {
    Hessian hessian(inputs);
    hessian.add(engine, x.data(), static_cast<int64_t>(x.size() / inputs));
    const HessianFactor factor(hessian.values(), 0.01, engine.workers());
    std::mt19937 generator(4);
    std::normal_distribution<float> normal;
    std::vector<float> weights(rows * inputs);
    for (float& weight : weights) {
        weight = normal(generator);
    }
    const std::vector<uint8_t> is_8bit(rows);
    const auto error = [&](const std::vector<float>& values) {
        double sum = 0.0;
        for (size_t row = 0; row < rows; row++) {
            for (size_t t = 0; t < x.size() / inputs; t += 16) {
                double change = 0.0;
                for (size_t k = 0; k < inputs; k++) {
                    change +=
                        static_cast<double>(values[row * inputs + k] - weights[row * inputs + k]) * x[t * inputs + k];
                }
                sum += change * change;
            }
        }
        return sum;
    };
    const ClipSearch unclipped{{1.0f}, {}, {1.0f}};
    return error(gptq(weights.data(), is_8bit, factor, {}, unclipped, engine.workers()).values) /
           error(round_linear(weights.data(), is_8bit, inputs, engine.workers()).values);
}

void test_share() {
    Engine engine{Workers(2)};
    for (const auto& [shared, own] : {std::pair<size_t, float>{4, 0.3f}, {16, 0.5f}, {64, 0.2f}, {1, 5.0f}}) {
        const std::vector<float> x = make_inputs(many, shared, own);
        const double share = share_of(engine, x);
        const double is = measured(engine, x);
        const std::string what =
            std::to_string(shared) + " shared factors: " + std::to_string(share) + ", of GPTQ " + std::to_string(is);
        expect(share > 0.9 * is && share < 1.25 * is, what);
        // As many rows as inputs tell nearly the same.
        const std::vector<float> few(x.begin(), x.begin() + 256 * inputs);
        expect(std::fabs(share_of(engine, few) / share - 1.0) < 0.25,
               "of few rows " + std::to_string(share_of(engine, few)));
    }
    expect(share_of(engine, std::vector<float>(512 * inputs)) == 1.0f, "inputs of 0");
}

void test_enough() {
    Engine engine{Workers(2)};
    FeedbackShare share(inputs);
    const std::vector<float> x(2048 * inputs);
    for (size_t added = 0; added < many; added += 2048) {
        expect(!share.is_enough(), std::to_string(added) + " rows are not enough");
        share.add(engine, x.data(), 2048);
    }
    expect(share.is_enough(), std::to_string(many) + " rows are");
}

/// Gradients of which neighbours have a part in common.
std::vector<float> make_gradients(size_t tokens, size_t channels, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> gradients(tokens * channels);
    for (size_t t = 0; t < tokens; t++) {
        float shared = 0.0f;
        for (size_t c = 0; c < channels; c++) {
            shared = 0.8f * shared + normal(generator);
            gradients[t * channels + c] = shared;
        }
    }
    return gradients;
}

std::vector<uint16_t> moment_of(Engine& engine, const std::vector<float>& gradients, size_t tokens, size_t channels) {
    OutputMoment moment(channels);
    for (size_t t = 0; t < tokens; t += 16) {
        moment.add(engine, gradients.data() + t * channels, 16);
    }
    return moment.values();
}

void test_moment() {
    Engine engine{Workers(2)};
    constexpr size_t tokens = 48;
    for (const size_t channels : {1, 96, 1024, 1025, 2500}) {
        const std::vector<float> gradients = make_gradients(tokens, channels, 5);
        const std::vector<uint16_t> values = moment_of(engine, gradients, tokens, channels);
        const std::string what = " of " + std::to_string(channels) + " channels";
        expect(values.size() == OutputMoment::count(channels), "as many numbers as are counted" + what);
        const size_t groups = channels <= 1024 ? 1 : channels <= 2048 ? 2 : 3;
        size_t next = 0;
        double worst = 0.0;
        for (size_t group = 0; group < groups; group++) {
            const size_t begin = group * channels / groups;
            for (size_t i = begin; i < (group + 1) * channels / groups; i++) {
                for (size_t k = begin; k <= i; k++) {
                    double sum = 0.0;
                    double size = 0.0;
                    for (size_t t = 0; t < tokens; t++) {
                        const double product =
                            static_cast<double>(gradients[t * channels + i]) * gradients[t * channels + k];
                        sum += product;
                        size += std::fabs(product);
                    }
                    worst = std::max(worst, std::fabs(ggml_bf16_to_fp32({values.at(next++)}) - sum) / size);
                }
            }
        }
        expect(next == values.size(), "triangles of neighbours" + what);
        expect(worst < 1.0 / 256, "sums of products to BF16's precision: " + std::to_string(worst) + what);
    }
}

/// Powers of two change no bit of the moment but exponents, so neither do they of what is fed back.
void test_factors() {
    Engine engine{Workers(2)};
    constexpr size_t tokens = 48;
    constexpr size_t channels = 96;
    std::vector<float> gradients = make_gradients(tokens, channels, 6);
    std::vector<float> factors;
    std::vector<uint8_t> is_8bit;
    for (size_t c = 0; c < channels; c++) {
        factors.push_back(std::ldexp(1.0f, static_cast<int>(c % 5) - 2));
        is_8bit.push_back(c % 4 == 1);
    }
    const std::vector<uint16_t> before = moment_of(engine, gradients, tokens, channels);
    for (size_t i = 0; i < gradients.size(); i++) {
        gradients[i] /= factors[i % channels];
    }
    const std::vector<uint16_t> after = moment_of(engine, gradients, tokens, channels);
    const auto feedback = [&](const std::vector<uint16_t>& moment, const float* row_factors) {
        std::vector<float> all;
        for (const RowChain& chain : make_chains(moment, is_8bit, row_factors, engine.workers())) {
            for (const RowChain::Tile& tile : chain.tiles()) {
                all.insert(all.end(), tile.feedback.begin(), tile.feedback.end());
            }
        }
        return all;
    };
    const std::vector<float> scaled = feedback(before, factors.data());
    expect(std::any_of(scaled.begin(), scaled.end(), [](float value) { return std::fabs(value) > 0.05f; }),
           "neighbours are fed");
    expect(scaled == feedback(after, nullptr), "rows that were multiplied have gradients that were divided");
    expect(scaled != feedback(before, nullptr), "and others without");
}

} // namespace

int main() {
    test_share();
    test_enough();
    test_moment();
    test_factors();
    return failures == 0 ? 0 : 1;
}
