#include "graph/choose_scales.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/graph.h"
#include "quantize/grid.h"
#include "quantize/rounding.h"

namespace mixllm {

namespace {

constexpr double strengths[] = {0.0, 0.25, 0.5, 0.75, 1.0};
constexpr int most_exponent = 40;
/// Scales of weights are halves: from 2^-14 on they have all their precision, below 2^-24 none, and end before 2^16; in
/// 8 bits they are an eighth of those in 4. Weights whose typical scale in 4 bits is beyond these are moved as a whole.
constexpr int least_scale = -15;
constexpr int most_scale = 13;
constexpr int usual_scale = -9;
/// No channel becomes larger than this, or the largest that there is: values may be cached as halves.
constexpr double most_activation = 256.0;
/// An error must fall below this share of the unchanged one's. Outliers make far larger differences; models without
/// them are left as they are.
constexpr double worthwhile = 0.75;
/// Above this share on some of the tokens, it is not expected to on all.
constexpr double promising = 0.9;
constexpr size_t some_tokens = 256;

/// By scale what exponents may be, so that what makes the channels keeps scales that halves hold.
struct ExponentLimits {
    std::vector<int> least;
    std::vector<int> most;
};

/// The exponent of what the scale of a 4-bit group with this largest magnitude is.
double scale_exponent(double magnitude) {
    return std::log2(magnitude / 15.0);
}

/// @param expert whose scales these are, 0 where there are none
ExponentLimits find_limits(const ScaleGroup& group, const WeightSources& sources, size_t expert,
                           const Workers& workers) {
    const auto count = static_cast<size_t>(group.count);
    ExponentLimits limits{std::vector<int>(count, -most_exponent), std::vector<int>(count, most_exponent)};
    for (const ScaleGroup::Producer& producer : group.producers) {
        if (!producer.by_rows) {
            continue;
        }
        const SourceRows& source = sources.at(producer.weight);
        std::vector<float> largest(producer.scales.size(), 0.0f);
        workers.for_each(largest.size(), [&](size_t row) {
            std::vector<float> values(source.columns);
            source.load(expert * producer.scales.size() + row, values.data());
            for (const float value : values) {
                largest[row] = std::max(largest[row], std::fabs(value));
            }
        });
        for (size_t row = 0; row < largest.size(); row++) {
            if (producer.scales[row] != ScaleGroup::no_scale && largest[row] > 0.0f) {
                const auto scale = static_cast<size_t>(producer.scales[row]);
                const double exponent = scale_exponent(largest[row]);
                limits.least[scale] = std::min(0, static_cast<int>(std::ceil(exponent)) - most_scale);
                limits.most[scale] = std::max(0, static_cast<int>(std::floor(exponent)) - least_scale);
            }
        }
    }
    return limits;
}

/// `some_tokens` of the rows or more, evenly spread.
std::vector<float> some_rows(const std::vector<float>& values, size_t columns) {
    const size_t rows = values.size() / columns;
    const size_t step = std::max<size_t>(1, rows / some_tokens);
    std::vector<float> some;
    for (size_t row = 0; row < rows; row += step) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * columns);
        some.insert(some.end(), begin, begin + static_cast<std::ptrdiff_t>(columns));
    }
    return some;
}

/// A group's channels on some of the samples, and the rows that they are multiplied with.
class Equalizer {
public:
    /**
     * @param activations `[tokens][channels]`
     * @param weights of each linear some rows, `[rows][channels]`
     */
    Equalizer(Engine& engine, const ScaleGroup& group, ExponentLimits limits, std::vector<float> activations,
              std::vector<std::vector<float>> weights)
        : engine_(engine), group_(group), limits_(std::move(limits)), channels_(group.scales.size()),
          activations_(std::move(activations)), weights_(std::move(weights)) {
        for (const std::vector<float>& weight : weights_) {
            outputs_.push_back(multiply_with(activations_, weight));
        }
        activation_magnitudes_ = magnitudes(activations_);
        weight_magnitudes_ = weight_magnitudes();
    }

    /// By scale the exponent of the factor that weights are to be multiplied with; empty when none is worth it.
    /// @param share that is left of the error where it is
    std::vector<int> find(double share) {
        const std::vector<int> unchanged(static_cast<size_t>(group_.count), 0);
        const std::vector<int> base = moved(unchanged);
        std::vector<int> best = base;
        double least = share * error_of(base);
        for (const double strength : strengths) {
            const std::vector<int> exponents = moved(exponents_of(strength));
            const double error = error_of(exponents);
            if (error < least) {
                least = error;
                best = exponents;
            }
        }
        return best == unchanged ? std::vector<int>() : best;
    }

private:
    std::vector<float> multiply_with(const std::vector<float>& activations, const std::vector<float>& weight) {
        const auto columns = static_cast<int64_t>(channels_);
        const int64_t tokens = static_cast<int64_t>(activations.size()) / columns;
        const int64_t rows = static_cast<int64_t>(weight.size()) / columns;
        std::vector<float> product(static_cast<size_t>(tokens * rows));
        Graph graph(engine_);
        graph.output(multiply(graph.context(), graph.input(weight.data(), columns, rows),
                              graph.input(activations.data(), columns, tokens)),
                     product.data());
        graph.compute();
        return product;
    }

    /// The mean of each channel's magnitudes.
    std::vector<double> magnitudes(const std::vector<float>& values) const {
        std::vector<double> means(channels_, 0.0);
        const size_t rows = values.size() / channels_;
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < channels_; c++) {
                means[c] += std::fabs(static_cast<double>(values[r * channels_ + c])) / static_cast<double>(rows);
            }
        }
        return means;
    }

    /// The weights' magnitudes, those of each linear relative to its mean.
    std::vector<double> weight_magnitudes() const {
        std::vector<double> all(channels_, 0.0);
        for (const std::vector<float>& weight : weights_) {
            const std::vector<double> own = magnitudes(weight);
            double mean = 0.0;
            for (const double value : own) {
                mean += value / static_cast<double>(channels_);
            }
            for (size_t c = 0; mean > 0.0 && c < channels_; c++) {
                all[c] += own[c] / mean;
            }
        }
        return all;
    }

    /// Values by channel, summed by scale.
    std::vector<double> by_scale(const std::vector<double>& values) const {
        std::vector<double> sums(static_cast<size_t>(group_.count), 0.0);
        for (size_t c = 0; c < channels_; c++) {
            if (group_.scales[c] != ScaleGroup::no_scale) {
                sums[static_cast<size_t>(group_.scales[c])] += values[c];
            }
        }
        return sums;
    }

    std::vector<int> exponents_of(double strength) const {
        const std::vector<double> activations = by_scale(activation_magnitudes_);
        const std::vector<double> weights = by_scale(weight_magnitudes_);
        std::vector<double> logarithms(activations.size(), std::numeric_limits<double>::quiet_NaN());
        std::vector<double> finite;
        for (size_t s = 0; s < logarithms.size(); s++) {
            if (activations[s] > 0.0 && weights[s] > 0.0) { // else nothing is lost with it
                logarithms[s] = strength * std::log2(activations[s]) - (1.0 - strength) * std::log2(weights[s]);
                finite.push_back(logarithms[s]);
            }
        }
        std::vector<int> exponents(logarithms.size(), 0);
        if (finite.empty()) {
            return exponents;
        }
        const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(finite.size() / 2);
        std::nth_element(finite.begin(), middle, finite.end());
        for (size_t s = 0; s < logarithms.size(); s++) {
            if (!std::isnan(logarithms[s])) {
                const double exponent = std::clamp<double>(logarithms[s] - *middle, -most_exponent, most_exponent);
                exponents[s] = static_cast<int>(std::lround(exponent));
            }
        }
        return exponents;
    }

    /// Exponents moved by one number, if the weights need that to have scales that halves hold, and within the limits.
    std::vector<int> moved(std::vector<int> exponents) const {
        double lowest = std::numeric_limits<double>::infinity();
        double highest = -std::numeric_limits<double>::infinity();
        for (const std::vector<float>& weight : weights_) {
            const double typical = typical_group(scaled(weight, exponents, 1));
            if (typical > 0.0) {
                lowest = std::min(lowest, scale_exponent(typical));
                highest = std::max(highest, scale_exponent(typical));
            }
        }
        double move = 0.0;
        if (lowest < least_scale) {
            move = std::max(0.0, std::min(usual_scale - lowest, most_scale - highest));
        } else if (highest > most_scale && std::isfinite(highest)) {
            move = std::min(0.0, std::max(usual_scale - highest, least_scale - lowest));
        }
        const std::vector<double> activations = by_scale(activation_magnitudes_);
        const std::vector<double> channels = by_scale(std::vector<double>(channels_, 1.0));
        double largest = most_activation;
        for (size_t s = 0; s < exponents.size(); s++) {
            largest = channels[s] > 0.0 ? std::max(largest, activations[s] / channels[s]) : largest;
        }
        for (size_t s = 0; s < exponents.size(); s++) {
            if (activations[s] <= 0.0) {
                continue;
            }
            const int least = std::max(limits_.least[s],
                                       static_cast<int>(std::ceil(std::log2(activations[s] / channels[s] / largest))));
            exponents[s] = std::clamp(exponents[s] + static_cast<int>(std::lround(move)),
                                      std::min(least, limits_.most[s]), limits_.most[s]);
        }
        return exponents;
    }

    /// The mean of groups' largest magnitudes.
    double typical_group(const std::vector<float>& weight) const {
        double sum = 0.0;
        size_t groups = 0;
        for (size_t begin = 0; begin < weight.size();) {
            const size_t end = std::min(begin + group_size, (begin / channels_ + 1) * channels_);
            float largest = 0.0f;
            for (size_t i = begin; i < end; i++) {
                largest = std::max(largest, std::fabs(weight[i]));
            }
            sum += largest;
            groups++;
            begin = end;
        }
        return groups > 0 ? sum / static_cast<double>(groups) : 0.0;
    }

    std::vector<float> scaled(const std::vector<float>& values, const std::vector<int>& exponents, int sign) const {
        std::vector<float> factors(channels_, 1.0f);
        for (size_t c = 0; c < channels_; c++) {
            if (group_.scales[c] != ScaleGroup::no_scale) {
                factors[c] = std::ldexp(1.0f, sign * exponents[static_cast<size_t>(group_.scales[c])]);
            }
        }
        std::vector<float> result(values.size());
        engine_.workers().for_each_block(values.size() / channels_, rows_per_block, [&](size_t begin, size_t end) {
            for (size_t row = begin; row < end; row++) {
                for (size_t c = 0; c < channels_; c++) {
                    result[row * channels_ + c] = values[row * channels_ + c] * factors[c];
                }
            }
        });
        return result;
    }

    /// Squared error of the outputs relative to their squares, summed over the linears; infinite where weights grow too
    /// large.
    double error_of(const std::vector<int>& exponents) {
        std::vector<float> x = scaled(activations_, exponents, -1);
        quantize_activations(x.data(), x.size() / channels_, channels_, engine_.workers());
        double sum = 0.0;
        for (size_t w = 0; w < weights_.size(); w++) {
            std::vector<float> weight = scaled(weights_[w], exponents, 1);
            try {
                const std::vector<uint8_t> is_8bit(weight.size() / channels_, 0);
                weight = round_linear(weight.data(), is_8bit, channels_, engine_.workers()).values;
            } catch (const CanceledError&) {
                throw;
            } catch (const std::runtime_error&) {
                return std::numeric_limits<double>::infinity();
            }
            const std::vector<float> product = multiply_with(x, weight);
            double error = 0.0;
            double square = 0.0;
            for (size_t i = 0; i < product.size(); i++) {
                const double wanted = outputs_[w][i];
                error += (product[i] - wanted) * (product[i] - wanted);
                square += wanted * wanted;
            }
            sum += square > 0.0 ? error / square : 0.0;
        }
        return sum;
    }

    Engine& engine_;
    const ScaleGroup& group_;
    ExponentLimits limits_;
    size_t channels_;
    std::vector<float> activations_;
    std::vector<std::vector<float>> weights_;
    std::vector<std::vector<float>> outputs_;
    std::vector<double> activation_magnitudes_; ///< by channel
    std::vector<double> weight_magnitudes_;
};

} // namespace

std::vector<int> choose_scales(Engine& engine, const ScaleGroup& group, const WeightSources& sources, size_t expert,
                               std::vector<float> activations, std::vector<std::vector<float>> weights) {
    ExponentLimits limits = find_limits(group, sources, expert, engine.workers());
    // Few groups need something, and some of the tokens tell which may.
    std::vector<float> some = some_rows(activations, group.scales.size());
    if (some.size() < activations.size() &&
        Equalizer(engine, group, limits, std::move(some), weights).find(promising).empty()) {
        return {};
    }
    return Equalizer(engine, group, std::move(limits), std::move(activations), std::move(weights)).find(worthwhile);
}

} // namespace mixllm
