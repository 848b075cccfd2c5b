#include "graph/equalize_section.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "graph/replay.h"
#include "graph/run_section.h"
#include "graph/scale_groups.h"
#include "quantize/rounding.h"

namespace mixllm {

namespace {

constexpr int64_t measured_tokens = 2048; // or all there are
constexpr size_t measured_rows = 256;     // of each weight, or all there are
constexpr double strengths[] = {0.0, 0.25, 0.5, 0.75, 1.0};
constexpr int most_exponent = 24;
/// An error must fall below this share of the unchanged one's. Outliers make far larger differences; models without
/// them are left as they are.
constexpr double worthwhile = 0.75;

/// Rows of a weight that stand for all, evenly spread.
std::vector<float> load_rows(const SourceRows& source, const Workers& workers) {
    const size_t count = std::min(source.rows, measured_rows);
    std::vector<float> values(count * source.columns);
    workers.for_each(count,
                     [&](size_t i) { source.load(i * source.rows / count, values.data() + i * source.columns); });
    return values;
}

/// A group's channels on some of the samples, and the rows that they are multiplied with.
class Equalizer {
public:
    /**
     * @param activations `[tokens][channels]`
     * @param weights of each linear some rows, `[rows][channels]`
     */
    Equalizer(Engine& engine, size_t channels, std::vector<float> activations, std::vector<std::vector<float>> weights)
        : engine_(engine), channels_(channels), activations_(std::move(activations)), weights_(std::move(weights)) {
        for (const std::vector<float>& weight : weights_) {
            outputs_.push_back(multiply_with(activations_, weight));
        }
        activation_magnitudes_ = magnitudes(activations_);
        weight_magnitudes_ = weight_magnitudes();
    }

    /// By channel the exponent of the factor that weights are to be multiplied with; empty when none is worth it.
    std::vector<int> find() {
        std::vector<int> best;
        double least = worthwhile * error_of(std::vector<int>(channels_, 0));
        for (const double strength : strengths) {
            const std::vector<int> exponents = exponents_of(strength);
            const double error = error_of(exponents);
            if (error < least) {
                least = error;
                best = exponents;
            }
        }
        return best;
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

    std::vector<int> exponents_of(double strength) const {
        std::vector<double> logarithms(channels_, std::numeric_limits<double>::quiet_NaN());
        std::vector<double> finite;
        for (size_t c = 0; c < channels_; c++) {
            const double activation = activation_magnitudes_[c];
            const double weight = weight_magnitudes_[c];
            if (activation > 0.0 && weight > 0.0) { // else nothing is lost with it
                logarithms[c] = strength * std::log2(activation) - (1.0 - strength) * std::log2(weight);
                finite.push_back(logarithms[c]);
            }
        }
        std::vector<int> exponents(channels_, 0);
        if (finite.empty()) {
            return exponents;
        }
        const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(finite.size() / 2);
        std::nth_element(finite.begin(), middle, finite.end());
        for (size_t c = 0; c < channels_; c++) {
            if (!std::isnan(logarithms[c])) {
                const auto exponent = static_cast<int>(std::lround(logarithms[c] - *middle));
                exponents[c] = std::clamp(exponent, -most_exponent, most_exponent);
            }
        }
        return exponents;
    }

    std::vector<float> scaled(const std::vector<float>& values, const std::vector<int>& exponents, int sign) const {
        std::vector<float> result(values.size());
        engine_.workers().for_each_block(values.size() / channels_, rows_per_block, [&](size_t begin, size_t end) {
            for (size_t i = begin * channels_; i < end * channels_; i++) {
                result[i] = std::ldexp(values[i], sign * exponents[i % channels_]);
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
            std::vector<float> change(weight.size());
            try {
                rounding_error(weight.data(), weight.size() / channels_, channels_, change.data(), engine_.workers());
            } catch (const CanceledError&) {
                throw;
            } catch (const std::runtime_error&) {
                return std::numeric_limits<double>::infinity();
            }
            std::transform(weight.begin(), weight.end(), change.begin(), weight.begin(), std::plus<float>());
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
    size_t channels_;
    std::vector<float> activations_;
    std::vector<std::vector<float>> weights_;
    std::vector<std::vector<float>> outputs_;
    std::vector<double> activation_magnitudes_; ///< by channel
    std::vector<double> weight_magnitudes_;
};

/// Values of a section on samples evenly spread over all, one behind the other.
std::vector<std::vector<float>> run_samples(Engine& engine, Decoder& decoder, size_t section,
                                            const WeightSources& sources, const Calibration& calibration,
                                            const ValuePaths& inputs, const std::vector<ggml_tensor*>& wanted) {
    const DecoderForm& form = decoder.single();
    const SectionWeights weights(engine, form.graph, form.sections[section], sources);
    std::map<size_t, ValueReader> readers;
    for (const auto& [number, path] : inputs) {
        readers.emplace(number, ValueReader(path, decoder.values()[number].floats, calibration.samples));
    }
    std::vector<std::vector<float>> values(wanted.size());
    const int64_t count = std::clamp<int64_t>(measured_tokens / calibration.length, 1, calibration.samples);
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = i * calibration.samples / count;
        Graph graph(engine, forward_nodes(form.sections[section]));
        Replay replay(graph, form.graph, weights, calibration.tokens.data() + sample * calibration.length);
        for (auto& [number, reader] : readers) {
            replay.bind(form.values[number],
                        graph.input(form.values[number], reader.read(sample, 1, form.layouts[number]).data()));
        }
        for (size_t w = 0; w < wanted.size(); w++) {
            const auto size = static_cast<size_t>(ggml_nelements(wanted[w]));
            values[w].resize(static_cast<size_t>(count) * size);
            graph.output(replay.make(wanted[w]), values[w].data() + static_cast<size_t>(i) * size);
        }
        graph.compute();
    }
    return values;
}

/// Multiplies some of a weight's factors with powers of two.
void multiply_factors(std::vector<float>& factors, size_t size, size_t first, const std::vector<int>& exponents,
                      int sign) {
    factors.resize(size, 1.0f);
    for (size_t c = 0; c < exponents.size(); c++) {
        factors[first + c] = std::ldexp(factors[first + c], sign * exponents[c]);
    }
}

} // namespace

std::unordered_map<std::string, WeightFactors> equalize_section(Engine& engine, Decoder& decoder, size_t section,
                                                                const WeightSources& sources,
                                                                const Calibration& calibration,
                                                                const std::unordered_set<std::string>& quantized,
                                                                const ValuePaths& inputs) {
    const DecoderForm& form = decoder.single();
    std::vector<ScaleGroup> groups = find_scale_groups(form.graph, form.sections, section);
    const auto is_quantized = [&](const std::string& name) { return quantized.count(name) != 0; };
    groups.erase(std::remove_if(groups.begin(), groups.end(),
                                [&](const ScaleGroup& group) {
                                    return std::none_of(group.consumers.begin(), group.consumers.end(), is_quantized);
                                }),
                 groups.end());
    std::vector<ggml_tensor*> wanted;
    for (const ScaleGroup& group : groups) {
        wanted.push_back(group.value);
    }
    std::vector<std::vector<float>> values =
        run_samples(engine, decoder, section, sources, calibration, inputs, wanted);

    std::unordered_map<std::string, WeightFactors> factors;
    for (size_t g = 0; g < groups.size(); g++) {
        const ScaleGroup& group = groups[g];
        const auto channels = static_cast<size_t>(group.value->ne[0]);
        std::vector<std::vector<float>> weights;
        for (const std::string& name : group.consumers) {
            if (is_quantized(name)) {
                weights.push_back(load_rows(sources.at(name), engine.workers()));
            }
        }
        const std::vector<int> exponents = Equalizer(engine, channels, std::move(values[g]), std::move(weights)).find();
        if (exponents.empty()) {
            continue;
        }
        for (const std::string& name : group.consumers) {
            multiply_factors(factors[name].columns, channels, 0, exponents, 1);
        }
        for (const ScaleGroup::Producer& producer : group.producers) {
            const SourceRows& source = sources.at(producer.weight);
            std::vector<float>& own =
                producer.by_rows ? factors[producer.weight].rows : factors[producer.weight].columns;
            multiply_factors(own, producer.by_rows ? source.rows : source.columns, producer.first, exponents, -1);
        }
    }
    return factors;
}

} // namespace mixllm
