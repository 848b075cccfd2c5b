#include "graph/equalize_section.h"

#include <algorithm>
#include <cmath>

#include "graph/choose_scales.h"
#include "graph/replay.h"
#include "graph/run_section.h"
#include "graph/scale_groups.h"

namespace mixllm {

namespace {

constexpr int64_t measured_tokens = 2048; // or all there are
constexpr size_t measured_rows = 256;     // of each weight, or all there are
constexpr size_t least_tokens = 16;       // that an expert has to be chosen for

/// Rows of a weight that stand for all, evenly spread.
std::vector<float> load_rows(const SourceRows& source, const Workers& workers) {
    const size_t count = std::min(source.rows, measured_rows);
    std::vector<float> values(count * source.columns);
    workers.for_each(count,
                     [&](size_t i) { source.load(i * source.rows / count, values.data() + i * source.columns); });
    return values;
}

/// A value on some samples, one behind the other.
struct Recorded {
    std::vector<float> values;   ///< `[rows][channels]`
    std::vector<int32_t> chosen; ///< of the outputs of experts, which each row is of
};

/// What groups scale, on samples evenly spread over all.
std::vector<Recorded> run_samples(Engine& engine, Decoder& decoder, size_t section, const WeightSources& sources,
                                  const Calibration& calibration, const ValuePaths& inputs,
                                  const std::vector<ScaleGroup>& groups) {
    const DecoderForm& form = decoder.single();
    const SectionWeights weights(engine, form.graph, form.sections[section], sources);
    std::map<size_t, ValueReader> readers;
    for (const auto& [number, path] : inputs) {
        readers.emplace(number, ValueReader(path, decoder.values()[number].floats, calibration.samples));
    }
    std::vector<Recorded> recorded(groups.size());
    const int64_t count = std::clamp<int64_t>(measured_tokens / calibration.length, 1, calibration.samples);
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = i * calibration.samples / count;
        Graph graph(engine, forward_nodes(form.sections[section]));
        Replay replay(graph, form.graph, weights, calibration.tokens.data() + sample * calibration.length);
        for (auto& [number, reader] : readers) {
            replay.bind(form.values[number],
                        graph.input(form.values[number], reader.read(sample, 1, form.layouts[number]).data()));
        }
        const auto record = [&](ggml_tensor* tensor, auto& all) {
            static_assert(sizeof all[0] == sizeof(float));
            const auto size = static_cast<size_t>(ggml_nelements(tensor));
            all.resize(static_cast<size_t>(count) * size);
            ggml_tensor* own = replay.make(tensor);
            graph.output(is_view(own) ? ggml_cont(graph.context(), own) : own,
                         reinterpret_cast<float*>(all.data()) + static_cast<size_t>(i) * size);
        };
        for (size_t g = 0; g < groups.size(); g++) {
            record(groups[g].value, recorded[g].values);
            if (groups[g].chosen != nullptr) {
                record(groups[g].chosen, recorded[g].chosen);
            }
        }
        graph.compute();
    }
    return recorded;
}

/// The rows of a recorded value that are of one expert.
std::vector<float> rows_of(const Recorded& recorded, size_t channels, size_t expert) {
    std::vector<float> rows;
    for (size_t r = 0; r < recorded.chosen.size(); r++) {
        if (static_cast<size_t>(recorded.chosen[r]) == expert) {
            const auto begin = recorded.values.begin() + static_cast<std::ptrdiff_t>(r * channels);
            rows.insert(rows.end(), begin, begin + static_cast<std::ptrdiff_t>(channels));
        }
    }
    return rows;
}

/**
 * Multiplies some of a weight's factors with powers of two.
 *
 * @param factors of as many experts as there are, those of `expert` in turn; made 1 where there are none yet
 * @param scales of each factor of an expert the number of its exponent
 */
void multiply_factors(std::vector<float>& factors, size_t experts, size_t expert, const std::vector<int32_t>& scales,
                      const std::vector<int>& exponents, int sign) {
    factors.resize(experts * scales.size(), 1.0f);
    for (size_t i = 0; i < scales.size(); i++) {
        if (scales[i] != ScaleGroup::no_scale) {
            float& factor = factors[expert * scales.size() + i];
            factor = std::ldexp(factor, sign * exponents[static_cast<size_t>(scales[i])]);
        }
    }
}

/// The experts that a group is of, each with scales of its own; 1 where it is of none.
size_t count_experts(const ScaleGroup& group, const WeightSources& sources) {
    const ScaleGroup::Producer& first = group.producers.front();
    return group.chosen == nullptr ? 1 : sources.at(first.weight).rows / first.scales.size();
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
    std::vector<Recorded> recorded = run_samples(engine, decoder, section, sources, calibration, inputs, groups);

    std::unordered_map<std::string, WeightFactors> factors;
    for (size_t g = 0; g < groups.size(); g++) {
        const ScaleGroup& group = groups[g];
        const size_t channels = group.scales.size();
        const size_t experts = count_experts(group, sources);
        for (size_t expert = 0; expert < experts; expert++) {
            std::vector<float> values =
                group.chosen == nullptr ? std::move(recorded[g].values) : rows_of(recorded[g], channels, expert);
            if (group.chosen != nullptr && values.size() < least_tokens * channels) {
                continue;
            }
            std::vector<std::vector<float>> weights;
            for (const std::string& name : group.consumers) {
                if (is_quantized(name)) {
                    const SourceRows& source = sources.at(name);
                    const size_t rows = source.rows / experts;
                    weights.push_back(load_rows(source.part(expert * rows, rows), engine.workers()));
                }
            }
            const std::vector<int> exponents =
                choose_scales(engine, group, sources, expert, std::move(values), std::move(weights));
            if (exponents.empty()) {
                continue;
            }
            for (const std::string& name : group.consumers) {
                multiply_factors(factors[name].columns, experts, expert, group.scales, exponents, 1);
            }
            for (const ScaleGroup::Producer& producer : group.producers) {
                WeightFactors& own = factors[producer.weight];
                multiply_factors(producer.by_rows ? own.rows : own.columns, experts, expert, producer.scales, exponents,
                                 -1);
            }
        }
    }
    return factors;
}

} // namespace mixllm
