// Holds models run section by section against llama.cpp's own forward pass, as they are and with every scale that
// `find_scale_groups` says is free changed at random: `mixllm-graph-test MODEL.gguf...`

#include <gguf.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/backward_section.h"
#include "graph/decoder.h"
#include "graph/replay.h"
#include "graph/run_section.h"
#include "graph/scale_groups.h"

using namespace mixllm;

namespace {

constexpr int64_t samples = 3;
constexpr int64_t batch_samples = 2; // so that the last batch is a smaller one
constexpr double tolerance = 5e-4;   // of a logit; the operations are the same, but some sums have another order

/// A GGUF file's tensors in memory.
class WeightFile {
public:
    explicit WeightFile(const std::string& path) {
        gguf_init_params params{};
        params.ctx = &context_;
        gguf_ = gguf_init_from_file(path.c_str(), params);
        if (gguf_ == nullptr) {
            throw std::runtime_error("cannot read " + path);
        }
        for (int64_t i = 0; i < gguf_get_n_tensors(gguf_); i++) {
            tensors_.push_back(ggml_get_tensor(context_, gguf_get_tensor_name(gguf_, i)));
            const ggml_tensor* tensor = tensors_.back();
            const auto columns = static_cast<size_t>(tensor->ne[0]);
            sources[tensor->name] = {static_cast<const unsigned char*>(tensor->data), tensor->type,
                                     static_cast<size_t>(ggml_nelements(tensor)) / columns, columns};
        }
    }
    ~WeightFile() {
        gguf_free(gguf_);
        ggml_free(context_);
    }
    WeightFile(const WeightFile&) = delete;
    WeightFile& operator=(const WeightFile&) = delete;

    /// Writes the model as float32: llama.cpp rounds what it multiplies with BF16 weights.
    void write_floats(const std::string& path) const {
        gguf_context* out = gguf_init_empty();
        gguf_set_kv(out, gguf_);
        ggml_init_params params{};
        params.mem_size = ggml_tensor_overhead() * (sources.size() + 1);
        params.no_alloc = true;
        ggml_context* context = ggml_init(params);
        std::vector<std::vector<float>> values;
        for (const ggml_tensor* tensor : tensors_) {
            ggml_tensor* copy = ggml_new_tensor(context, GGML_TYPE_F32, ggml_n_dims(tensor), tensor->ne);
            ggml_set_name(copy, tensor->name);
            values.emplace_back(static_cast<size_t>(ggml_nelements(tensor)));
            sources.at(tensor->name).load(values.back().data(), Workers(1));
            copy->data = values.back().data();
            gguf_add_tensor(out, copy);
        }
        gguf_write_to_file(out, path.c_str(), false);
        ggml_free(context);
        gguf_free(out);
    }

    WeightSources sources;

private:
    ggml_context* context_ = nullptr;
    gguf_context* gguf_ = nullptr;
    std::vector<ggml_tensor*> tensors_;
};

/// Logits of every token by llama_decode, one sample after another.
std::vector<float> decode(const std::string& path, const Calibration& calibration, JobControl& control) {
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    const ModelHandle model = load_model(path, model_params, control);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(calibration.length);
    params.n_batch = params.n_ctx;
    params.n_ubatch = params.n_ctx;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
    const ContextHandle context = create_context(model.get(), params, path);
    const int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    std::vector<float> logits;
    const auto length = static_cast<int32_t>(calibration.length);
    llama_batch batch = llama_batch_init(length, 0, 1);
    for (int64_t sample = 0; sample < calibration.samples; sample++) {
        llama_memory_clear(llama_get_memory(context.get()), true);
        batch.n_tokens = length;
        for (int32_t i = 0; i < length; i++) {
            batch.token[i] = calibration.tokens[static_cast<size_t>(sample * length + i)];
            batch.pos[i] = i;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i] = 1;
        }
        if (llama_decode(context.get(), batch) != 0) {
            throw std::runtime_error("llama.cpp cannot run " + path);
        }
        for (int32_t i = 0; i < length; i++) {
            const float* row = llama_get_logits_ith(context.get(), i);
            logits.insert(logits.end(), row, row + vocabulary);
        }
    }
    llama_batch_free(batch);
    return logits;
}

/// Logits of every token, section by section over files.
std::vector<float> run_sections(Decoder& decoder, const WeightSources& sources, const Calibration& calibration,
                                const std::filesystem::path& folder) {
    Engine engine{Workers(2)};
    const DecoderForm& single = decoder.single();
    const auto paths = [&](const std::vector<ggml_tensor*>& tensors) {
        ValuePaths result;
        for (const size_t number : single.numbers(tensors)) {
            result.emplace(number, (folder / std::to_string(number)).string());
        }
        return result;
    };
    const size_t last = single.sections.size() - 1;
    for (size_t section = 0; section < last; section++) {
        run_section(engine, decoder, section, sources, calibration, paths(single.sections[section].inputs),
                    paths(single.sections[section].outputs));
    }
    const SectionWeights weights(engine, single.graph, single.sections[last], sources);
    std::vector<float> logits(static_cast<size_t>(ggml_nelements(single.graph.output) * calibration.samples));
    for (int64_t first = 0; first < calibration.samples; first += calibration.batch_samples) {
        const int64_t sequences = std::min(calibration.batch_samples, calibration.samples - first);
        const DecoderForm& form = decoder.form(sequences);
        Graph graph(engine, forward_nodes(form.sections[last]));
        Replay replay(graph, form.graph, weights, calibration.tokens.data() + first * calibration.length);
        std::vector<std::vector<float>> values;
        for (const auto& [number, path] : paths(single.sections[last].inputs)) {
            ValueReader reader(path, decoder.values()[number].floats, calibration.samples);
            values.push_back(reader.read(first, sequences, form.layouts[number]));
            replay.bind(form.values[number], graph.input(form.values[number], values.back().data()));
        }
        graph.output(replay.make(form.graph.output), logits.data() + first * ggml_nelements(single.graph.output));
        graph.compute();
    }
    return logits;
}

/// Factors of weights by name.
struct Factors {
    std::unordered_map<std::string, std::vector<float>> columns;
    std::unordered_map<std::string, std::vector<float>> rows;
    std::set<std::string> moved; ///< weights that channels are scaled by, ` rows` behind it where those do

    /// The sources with the factors, which they point to.
    WeightSources apply(WeightSources sources) const {
        for (auto& [name, source] : sources) {
            source.column_factors = columns.count(name) != 0 ? columns.at(name).data() : nullptr;
            source.column_factor_blocks = columns.count(name) != 0 ? columns.at(name).size() / source.columns : 1;
            source.row_factors = rows.count(name) != 0 ? rows.at(name).data() : nullptr;
        }
        return sources;
    }
};

/// Multiplies some of a weight's factors, of as many experts as `scales` are of, with those of their scales.
void multiply(std::vector<float>& factors, const std::vector<int32_t>& numbers,
              const std::vector<std::vector<float>>& scales, bool is_inverse) {
    factors.resize(scales.size() * numbers.size(), 1.0f);
    for (size_t expert = 0; expert < scales.size(); expert++) {
        for (size_t i = 0; i < numbers.size(); i++) {
            if (numbers[i] != ScaleGroup::no_scale) {
                const float scale = scales[expert][static_cast<size_t>(numbers[i])];
                factors[expert * numbers.size() + i] *= is_inverse ? 1.0f / scale : scale;
            }
        }
    }
}

/// Moves random powers of two between what makes channels and what reads them, wherever that should change nothing.
Factors move_scales(const DecoderForm& form, const WeightSources& sources) {
    Factors factors;
    std::mt19937 generator(2);
    for (size_t section = 0; section < form.sections.size(); section++) {
        for (const ScaleGroup& group : find_scale_groups(form.graph, form.sections, section)) {
            const ScaleGroup::Producer& first = group.producers.front();
            const size_t experts = group.chosen == nullptr ? 1 : sources.at(first.weight).rows / first.scales.size();
            std::vector<std::vector<float>> scales(experts, std::vector<float>(static_cast<size_t>(group.count)));
            for (std::vector<float>& own : scales) {
                std::generate(own.begin(), own.end(),
                              [&] { return std::ldexp(1.0f, static_cast<int>(generator() % 9) - 4); });
            }
            for (const ScaleGroup::Producer& producer : group.producers) {
                multiply(producer.by_rows ? factors.rows[producer.weight] : factors.columns[producer.weight],
                         producer.scales, scales, true);
                factors.moved.insert(producer.weight + (producer.by_rows ? " rows" : ""));
            }
            for (const std::string& consumer : group.consumers) {
                multiply(factors.columns[consumer], group.scales, scales, false);
            }
        }
    }
    return factors;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    double worst = a.size() == b.size() ? 0.0 : INFINITY;
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++) {
        const double difference = std::fabs(static_cast<double>(a[i]) - b[i]);
        worst = std::isfinite(difference) ? std::max(worst, difference) : INFINITY;
    }
    return worst;
}

bool check(const std::string& path, int64_t length) {
    JobControl control;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("mixllm-graph-test-" + std::to_string(std::random_device()()));
    std::filesystem::create_directories(folder);
    const std::string floats = (folder / "model.gguf").string();
    const WeightFile file(path);
    file.write_floats(floats);
    Decoder decoder(floats, length, control);
    const auto vocabulary = static_cast<uint32_t>(decoder.single().graph.output->ne[0]);

    Calibration calibration{samples, length, {}, batch_samples};
    std::mt19937 generator(1);
    for (int64_t i = 0; i < calibration.total_tokens(); i++) {
        calibration.tokens.push_back(static_cast<int32_t>(generator() % vocabulary));
    }
    const std::vector<float> expected = decode(floats, calibration, control);
    const std::vector<float> found = run_sections(decoder, file.sources, calibration, folder);
    const Factors factors = move_scales(decoder.single(), file.sources);
    const std::vector<float> rescaled = run_sections(decoder, factors.apply(file.sources), calibration, folder);
    std::filesystem::remove_all(folder);
    const double worst = largest_difference(expected, found);
    const double moved = largest_difference(found, rescaled);
    const bool is_good = worst < tolerance && moved == 0.0 && decoder.obstacle().empty();
    std::printf("%s %s, %d tokens: largest difference of a logit %.2g, %.2g with %zu scales moved\n",
                is_good ? "ok" : "FAILED", path.c_str(), static_cast<int>(length), worst, moved, factors.moved.size());
    for (const std::string& weight : factors.moved) {
        std::printf("  %s\n", weight.c_str());
    }
    return is_good;
}

/// A graph of two inputs, of which the second is filled with `filling`.
ModelGraph graph_of_inputs(uint8_t filling) {
    ModelGraph graph(4, 1, 8);
    ggml_tensor* positions = ggml_new_tensor_1d(graph.context(), GGML_TYPE_F32, 4);
    ggml_tensor* hashes = ggml_new_tensor_1d(graph.context(), GGML_TYPE_F32, 4);
    ggml_set_name(positions, "positions");
    ggml_set_name(hashes, "hashes");
    graph.data.emplace(positions, std::vector<uint8_t>(16, 1));
    graph.data.emplace(hashes, std::vector<uint8_t>(16, filling));
    graph.nodes.push_back(ggml_add(graph.context(), positions, hashes));
    graph.nodes.push_back(ggml_mul(graph.context(), graph.nodes.front(), hashes));
    return graph;
}

/// Inputs that depend on the tokens are found, each once, and no others.
bool check_differing_inputs() {
    const bool is_good =
        find_differing_inputs(graph_of_inputs(2), graph_of_inputs(2)).empty() &&
        find_differing_inputs(graph_of_inputs(2), graph_of_inputs(3)) == std::vector<std::string>{"hashes"};
    if (!is_good) {
        std::printf("FAILED inputs that depend on the tokens\n");
    }
    return is_good;
}

} // namespace

int main(int argc, char** argv) {
    bool all = argc > 1 && check_differing_inputs();
    for (int i = 1; i < argc; i++) {
        try {
            // 256 tokens fill llama.cpp's caches; 40 leave cells that are padded.
            all = check(argv[i], 256) && check(argv[i], 40) && all;
        } catch (const std::exception& error) {
            std::printf("FAILED %s: %s\n", argv[i], error.what());
            all = false;
        }
    }
    return all ? 0 : 1;
}
