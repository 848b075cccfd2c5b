#include "graph/run_section.h"

#include <algorithm>

#include "graph/replay.h"

namespace mixllm {

size_t forward_nodes(const Section& section) {
    return 64 + 8 * section.nodes.size() + section.weights.size();
}

void run_section(Engine& engine, Decoder& decoder, size_t section, const WeightSources& sources,
                 const Calibration& calibration, const ValuePaths& inputs, const ValuePaths& outputs) {
    const SectionWeights weights(engine, decoder.single().graph, decoder.single().sections[section], sources);
    std::map<size_t, ValueReader> readers;
    std::map<size_t, ValueWriter> writers;
    for (const auto& [number, path] : inputs) {
        readers.emplace(number, ValueReader(path, decoder.values()[number].floats, calibration.samples));
    }
    for (const auto& [number, path] : outputs) {
        writers.emplace(number, ValueWriter(path, decoder.values()[number].floats));
    }
    for (int64_t first = 0; first < calibration.samples; first += calibration.batch_samples) {
        const int64_t sequences = std::min(calibration.batch_samples, calibration.samples - first);
        const DecoderForm& form = decoder.form(sequences);
        Graph graph(engine, forward_nodes(form.sections[section]));
        Replay replay(graph, form.graph, weights, calibration.tokens.data() + first * calibration.length);
        for (auto& [number, reader] : readers) {
            const std::vector<float>& values = reader.read(first, sequences, form.layouts[number]);
            replay.bind(form.values[number], graph.input(form.values[number], values.data()));
        }
        for (auto& [number, writer] : writers) {
            graph.output(replay.make(form.values[number]), writer.prepare(sequences));
        }
        graph.compute();
        for (auto& [number, writer] : writers) {
            writer.append(sequences, form.layouts[number]);
        }
    }
    for (auto& [number, writer] : writers) {
        writer.finish();
    }
}

} // namespace mixllm
