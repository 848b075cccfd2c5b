#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

#include "../backward_layer.h"
#include "../embed_tokens.h"
#include "../forward_layer.h"
#include "../head_loss.h"
#include "gguf_model.h"
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

} // namespace

int main(int argc, char** argv) {
    try {
        std::map<std::string, std::string> options{{"threads", "2"}, {"samples", "64"}, {"length", "512"}};
        for (int i = 2; i + 1 < argc; i += 2) {
            options[argv[i]] = argv[i + 1];
        }
        const std::string command = argc > 1 ? argv[1] : "";
        Engine engine(std::stoi(options["threads"]));
        const GgufModel model(options.at("model"));
        const std::string folder = options.at("folder");
        std::filesystem::create_directories(folder);
        const Calibration calibration = calibration_of(tokenize(options.at("model"), options.at("text")),
                                                       std::stoi(options["samples"]), std::stoi(options["length"]));
        if (command == "search") {
            search(model, engine, calibration, folder);
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
