#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../activation_file.h"
#include "../backward_layer.h"
#include "../embed_tokens.h"
#include "../forward_layer.h"
#include "../graph.h"
#include "../head_loss.h"
#include "../multiply.h"
#include "../parallel.h"
#include "../quantize_layer.h"
#include "dequantize.h"
#include "gguf_model.h"
#include "measure_speed.h"
#include "tokenize.h"

using namespace mixllm;

namespace {

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Calibration calibration_of(const TokenizedText& text, int64_t samples, int64_t length) {
    Calibration calibration{samples, length, {}, 8};
    size_t next = 0;
    for (int64_t sample = 0; sample < samples; sample++) {
        int64_t wanted = length;
        if (text.bos >= 0) {
            calibration.tokens.push_back(text.bos);
            wanted--;
        }
        for (int64_t i = 0; i < wanted; i++) {
            calibration.tokens.push_back(text.tokens.at(next++));
        }
    }
    return calibration;
}

void search(const GgufModel& model, Engine& engine, const Calibration& calibration, const std::string& folder) {
    const auto file = [&](const char* kind, int64_t layer) {
        return folder + "/" + kind + "." + std::to_string(layer);
    };
    double start = seconds();
    embed_tokens(calibration, model.embedding(), file("x", 0));
    for (int64_t layer = 0; layer < model.layers; layer++) {
        const LayerWeights weights(engine, model.shape, model.layer(layer), LayerWeights::Purpose::forward);
        forward_layer(engine, model.shape, weights, calibration, file("x", layer), file("x", layer + 1));
    }
    std::fprintf(stderr, "forward %.1f s\n", seconds() - start);
    start = seconds();
    double loss = 0;
    for (const double sample :
         head_loss(engine, model.head(), calibration, file("x", model.layers), file("g", model.layers))) {
        loss += sample / static_cast<double>(calibration.samples);
    }
    std::fprintf(stderr, "head %.1f s, mean loss %.6f\n", seconds() - start, loss);
    start = seconds();
    std::FILE* out = std::fopen((folder + "/salience.txt").c_str(), "w");
    for (int64_t layer = model.layers - 1; layer >= 0; layer--) {
        const LayerWeights weights(engine, model.shape, model.layer(layer), LayerWeights::Purpose::backward);
        const LayerSalience salience = backward_layer(engine, model.shape, weights, calibration, file("x", layer),
                                                      file("g", layer + 1), file("g", layer));
        for (size_t i = 0; i < linear_count; i++) {
            for (size_t c = 0; c < salience[i].taylor.size(); c++) {
                std::fprintf(out, "%d %zu %zu %.9g %.9g\n", static_cast<int>(layer), i, c,
                             static_cast<double>(salience[i].taylor[c]), static_cast<double>(salience[i].fisher[c]));
            }
        }
    }
    std::fclose(out);
    std::fprintf(stderr, "backward %.1f s\n", seconds() - start);
}

/// Which rows get 8 bits: the top share by a ranking, or the best rows until the linears average `bits`.
std::vector<LayerRows> choose_rows(const GgufModel& model, const std::string& salience, double percent, double bits,
                                   const std::string& ranking) {
    struct Channel {
        int64_t layer;
        size_t linear;
        size_t row;
        double score;
        double inputs;
    };
    std::vector<Channel> channels;
    std::vector<LayerRows> rows(static_cast<size_t>(model.layers));
    for (LayerRows& layer : rows) {
        for (const Linear which : all_linears) {
            layer[static_cast<size_t>(which)].assign(static_cast<size_t>(model.shape.outputs(which)), 0);
        }
    }
    std::ifstream file(salience);
    Channel channel;
    double taylor;
    double fisher;
    double weights = 0;
    while (file >> channel.layer >> channel.linear >> channel.row >> taylor >> fisher) {
        channel.inputs = static_cast<double>(model.shape.inputs(all_linears[channel.linear]));
        channel.score = ranking == "fisher" ? fisher / channel.inputs : taylor;
        weights += channel.inputs;
        channels.push_back(channel);
    }
    std::stable_sort(channels.begin(), channels.end(),
                     [](const Channel& a, const Channel& b) { return a.score > b.score; });
    double used = weights * (4 + 20.0 / 128);
    size_t taken = 0;
    for (const Channel& c : channels) {
        const bool more = bits > 0
                              ? used < bits * weights
                              : static_cast<double>(taken) + 0.5 < percent / 100 * static_cast<double>(channels.size());
        if (!more) {
            break;
        }
        rows[static_cast<size_t>(c.layer)][c.linear][c.row] = 1;
        used += c.inputs * (8.125 - 4 - 20.0 / 128);
        taken++;
    }
    std::fprintf(stderr, "%zu of %zu rows 8-bit, %.4f bits per weight\n", taken, channels.size(), used / weights);
    return rows;
}

/// Logits of the second half of every chunk's positions, `[chunks][length / 2][vocabulary]`.
class Logits {
public:
    Logits(Engine& engine, const GgufModel& model, const Calibration& chunks, const std::string& activations)
        : vocabulary_(static_cast<size_t>(model.head().head.rows)) {
        const HeadSources head = model.head();
        const int64_t hidden = model.shape.hidden;
        const int64_t half = chunks.length / 2;
        ActivationFile file = ActivationFile::open(activations, chunks.total_tokens() * hidden);
        values_.resize(static_cast<size_t>(chunks.samples * half) * vocabulary_);
        std::vector<float> x(static_cast<size_t>(half * hidden));
        for (int64_t chunk = 0; chunk < chunks.samples; chunk++) {
            file.read((chunk * chunks.length + half) * hidden, half * hidden, x.data());
            Graph graph(engine);
            ggml_context* context = graph.context();
            ggml_tensor* y = ggml_rms_norm(context, graph.input(x.data(), hidden, half), head.norm_epsilon);
            y = ggml_mul(context, y, graph.input(static_cast<const float*>(head.norm.data), hidden));
            y = multiply(context, graph.input(static_cast<const float*>(head.head.data), hidden, head.head.rows), y);
            graph.output(y, values_.data() + static_cast<size_t>(chunk * half) * vocabulary_);
            graph.compute();
        }
    }

    const float* row(size_t position) const { return values_.data() + position * vocabulary_; }
    size_t vocabulary() const { return vocabulary_; }

private:
    size_t vocabulary_;
    std::vector<float> values_;
};

void log_softmax(const float* logits, size_t count, std::vector<double>& out) {
    const double largest = *std::max_element(logits, logits + count);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += std::exp(logits[i] - largest);
    }
    const double log_sum = largest + std::log(sum);
    out.resize(count);
    for (size_t i = 0; i < count; i++) {
        out[i] = logits[i] - log_sum;
    }
}

void compare(const Logits& reference, const Logits& candidate, const Calibration& chunks, int threads) {
    const int64_t half = chunks.length / 2;
    const size_t positions = static_cast<size_t>(chunks.samples * half);
    std::vector<double> divergence(positions, 0);
    std::vector<double> loss(positions, 0);
    std::vector<double> loss_reference(positions, 0);
    std::vector<char> same(positions, 0);
    parallel_items(threads, positions, [&](size_t p) {
        const int64_t at = half + static_cast<int64_t>(p) % half;
        if (at + 1 >= chunks.length) {
            return;
        }
        std::vector<double> a;
        std::vector<double> b;
        log_softmax(reference.row(p), reference.vocabulary(), a);
        log_softmax(candidate.row(p), reference.vocabulary(), b);
        double sum = 0;
        for (size_t i = 0; i < a.size(); i++) {
            sum += std::exp(a[i]) * (a[i] - b[i]);
        }
        const auto chunk = static_cast<int64_t>(p) / half;
        const auto next = static_cast<size_t>(chunks.tokens[static_cast<size_t>(chunk * chunks.length + at + 1)]);
        divergence[p] = sum;
        loss[p] = -b[next];
        loss_reference[p] = -a[next];
        same[p] = std::max_element(a.begin(), a.end()) - a.begin() == std::max_element(b.begin(), b.end()) - b.begin();
    });
    const double count = static_cast<double>(chunks.samples * (half - 1));
    const auto total = [](const auto& values) {
        double sum = 0;
        for (const auto value : values) {
            sum += value;
        }
        return sum;
    };
    std::printf("KLD %.6f  ppl %.5f (float %.5f)  top1 %.5f\n", total(divergence) / count,
                std::exp(total(loss) / count), std::exp(total(loss_reference) / count), total(same) / count);
}

void evaluate(const GgufModel& model, Engine& engine, const Calibration& calibration, const Calibration& chunks,
              const std::string& folder, std::map<std::string, std::string>& options) {
    const auto file = [&](const std::string& kind, int64_t layer) {
        return folder + "/" + kind + "." + std::to_string(layer);
    };
    const std::vector<LayerRows> rows = choose_rows(model, options.at("salience"), std::stod(options["percent"]),
                                                    std::stod(options["bits"]), options["ranking"]);
    QuantizeLayerOptions quantize{};
    quantize.damping = std::stod(options["damping"]);
    std::stringstream ratios(options["ratios"]);
    for (float ratio; ratios >> ratio;) {
        quantize.gptq.clip_ratios.push_back(ratio);
    }

    quantize.propagation = std::stof(options["alpha"]);
    quantize.correction = std::stof(options["beta"]);
    const bool propagate = quantize.propagation > 0 || quantize.correction > 0;
    embed_tokens(calibration, model.embedding(), file("q", 0));
    embed_tokens(calibration, model.embedding(), file("c", 0));
    embed_tokens(chunks, model.embedding(), file("e", 0));
    embed_tokens(chunks, model.embedding(), file("f", 0));
    double quantizing = 0;
    for (int64_t layer = 0; layer < model.layers; layer++) {
        const LayerSources sources = model.layer(layer);
        const double start = seconds();
        const QuantizedLayer quantized =
            quantize_layer(engine, model.shape, sources, calibration, rows[static_cast<size_t>(layer)], quantize,
                           {file("q", layer), file("q", layer + 1), propagate ? file("c", layer) : "",
                            propagate ? file("c", layer + 1) : "", folder + "/scratch"});
        quantizing += seconds() - start;
        {
            const LayerWeights weights(engine, model.shape, sources, LayerWeights::Purpose::forward);
            forward_layer(engine, model.shape, weights, chunks, file("f", layer), file("f", layer + 1));
        }
        LayerSources simulated = sources;
        std::array<std::vector<float>, linear_count> values;
        for (size_t i = 0; i < linear_count; i++) {
            values[i] = dequantize(quantized[i]->linear, rows[static_cast<size_t>(layer)][i]);
            simulated.linear[i].data = values[i].data();
            simulated.linear[i].type = GGML_TYPE_F32;
        }
        QuantizeLayerOptions run{};
        run_layer(engine, model.shape, simulated, chunks, run,
                  {file("e", layer), file("e", layer + 1), "", "", folder + "/scratch"});
    }
    std::fprintf(stderr, "quantized in %.1f s\n", quantizing);
    const Logits reference(engine, model, chunks, file("f", model.layers));
    const Logits candidate(engine, model, chunks, file("e", model.layers));
    compare(reference, candidate, chunks, engine.threads());
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::map<std::string, std::string> options{{"threads", "2"},
                                                   {"samples", "64"},
                                                   {"length", "512"},
                                                   {"percent", "0"},
                                                   {"bits", "0"},
                                                   {"ranking", "taylor"},
                                                   {"damping", "0.01"},
                                                   {"chunks", "40"},
                                                   {"alpha", "0"},
                                                   {"beta", "0"},
                                                   {"ratios", "1 .98 .96 .94 .92 .9 .88 .86 .84 .82 .8"}};
        for (int i = 2; i + 1 < argc; i += 2) {
            options[argv[i]] = argv[i + 1];
        }
        const std::string command = argc > 1 ? argv[1] : "";
        Engine engine(std::stoi(options["threads"]));
        if (command == "speed") {
            measure_speed(engine, std::stoll(options.at("outputs")), std::stoll(options.at("inputs")),
                          std::stoll(options.at("tokens")));
            return 0;
        }
        const GgufModel model(options.at("model"));
        const std::string folder = options.at("folder");
        std::filesystem::create_directories(folder);
        const Calibration calibration = calibration_of(tokenize(options.at("model"), options.at("text")),
                                                       std::stoi(options["samples"]), std::stoi(options["length"]));
        if (command == "search") {
            search(model, engine, calibration, folder);
        } else if (command == "quantize") {
            // llama.cpp's perplexity protocol: consecutive chunks of the text, BOS in each one's first place.
            TokenizedText text = tokenize(options.at("model"), options.at("eval"));
            if (text.bos >= 0) {
                text.tokens.insert(text.tokens.begin(), text.bos);
            }
            Calibration chunks{std::stoi(options["chunks"]), 512, {}, 8};
            chunks.tokens.assign(text.tokens.begin(),
                                 text.tokens.begin() + static_cast<std::ptrdiff_t>(chunks.total_tokens()));
            for (int64_t chunk = 0; text.bos >= 0 && chunk < chunks.samples; chunk++) {
                chunks.tokens[static_cast<size_t>(chunk * chunks.length)] = text.bos;
            }
            evaluate(model, engine, calibration, chunks, folder, options);
        } else {
            std::fprintf(stderr, "unknown command\n");
            return 1;
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
